"""The events that the recogniser reports while it runs, in the order in which they took effect.

They suffice to repeat a run: `edge.recording` stores them, `edge.recording.replay` replays them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge.recognition.adjustment import AS_BEGUN, Adjustment
from edge.recognition.availability import Link
from edge.recognition.verdict import Verdict
from edge.types import Observation, Packet, Utterance


@dataclass(frozen=True, slots=True)
class StepInput:
    """The inputs of one step other than the windows.

    Attributes:
        end_ns: Capture time at which the windows end.
        wall_ns: Unix time at which the step began.
        links: The connection state of each stream.
        origin_ns: Capture time at which the run, or its file, begins. None: not known yet.
        is_media: Times count from the beginning of a media file.
        phase: The current phase of a script.
        adjustment: What was changed by hand.
    """

    end_ns: int
    wall_ns: int
    links: Mapping[str, Link]
    origin_ns: int | None
    is_media: bool
    phase: Mapping[str, Any] | None
    adjustment: Adjustment = AS_BEGUN


class Tap(Protocol):
    """Called by any thread of the recogniser, which holds its lock. Must not raise.

    It must not block either, except in an offline run, which has a single thread.
    """

    def on_observations(
        self, stream: str, packet: Packet | None, observations: Sequence[Observation]
    ) -> None:
        """Observations of `packet` were put into the stream's ring."""

    def on_utterances(self, utterances: Sequence[Utterance], heard_ns: int) -> None:
        """The transcript was revised."""

    def on_step(self, step: StepInput) -> None:
        """The windows that end at `step.end_ns` were read."""

    def on_verdict(self, verdict: Verdict) -> None:
        """The verdict of the last step."""
