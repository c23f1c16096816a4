"""What the recogniser tells of itself while it runs, in the order in which it took effect.

Enough to run it again: `edge.recording` writes it down, `edge.recording.replay` gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from edge.recognition.verdict import Verdict
from edge.types import Observation, Packet, Utterance


class Journal(Protocol):
    """Called with the recogniser's lock held, by any of its threads; never raises.

    It must not wait, either, unless the run is a file's and in one thread.
    """

    def took(self, stream: str, packet: Packet | None, observations: Sequence[Observation]) -> None:
        """Observations were put into the stream's ring; `packet` is what they were made of."""

    def read(self, utterances: Sequence[Utterance], heard_ns: int) -> None:
        """The transcript was revised."""

    def stepped(
        self, end_ns: int, links: Mapping[str, str], phase: Mapping[str, Any] | None
    ) -> None:
        """The windows that end at `end_ns` were read; `links` is what each stream was then."""

    def judged(self, verdict: Verdict) -> None:
        """The verdict of the last step."""
