"""What the recogniser reports of itself while it runs, in the order in which it took effect.

Enough to run it again: `edge.recording` writes it down, `edge.recording.replay` gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge.recognition.verdict import Verdict
from edge.types import Observation, Packet, Utterance


@dataclass(frozen=True, slots=True)
class StepInput:
    """What one step depends on beside the windows.

    Attributes:
        end_ns: Capture time at which the windows end.
        wall_ns: Unix time when the step began.
        links: What each stream was connected to.
        origin_ns: Capture time at which the run, or its file, begins; None: not known yet.
        is_media: Times count from the beginning of a media file.
        phase: What a script was doing.
    """

    end_ns: int
    wall_ns: int
    links: Mapping[str, str]
    origin_ns: int | None
    is_media: bool
    phase: Mapping[str, Any] | None


class Tap(Protocol):
    """Called with the recogniser's lock held, by any of its threads; never raises.

    It must not wait, either, unless the run is a file's and in one thread.
    """

    def on_observations(
        self, stream: str, packet: Packet | None, observations: Sequence[Observation]
    ) -> None:
        """Observations were put into the stream's ring; `packet` is what they were made of."""

    def on_utterances(self, utterances: Sequence[Utterance], heard_ns: int) -> None:
        """The transcript was revised."""

    def on_step(self, step: StepInput) -> None:
        """The windows that end at `step.end_ns` were read."""

    def on_verdict(self, verdict: Verdict) -> None:
        """The verdict of the last step."""
