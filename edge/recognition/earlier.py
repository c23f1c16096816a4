"""What a stream gave before it became unreliable: it counts for as long as the window has it.

A microphone that drowns in noise is dropped at once, but the seconds of clear voice before are
still in the window. In the study of faults (docs/faults.md) the answer with them is right more
often than without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edge.bundle.manifest import GateSpec
from edge.bundle.networks import Fused
from edge.recognition.availability import Link
from edge.recognition.gate import RECOVERING, UNRELIABLE, Decision
from edge.recognition.reasons import ENGINE_FAILED, NOT_SPEAKING, OFF
from edge.recognition.window import StreamWindow
from edge.types import MASK_ROWS

OF_PACKETS = frozenset({"audio", "vision"})
"""Words are revised, and have a look-back of their own."""


GONE = frozenset({"starting", "stale", "disconnected", OFF, NOT_SPEAKING})
"""Of a stream that is closed for one of these reasons, nothing counts."""


def delivering(links: Mapping[str, Link], closed: Mapping[str, str | None]) -> frozenset[str]:
    """The streams of which something earlier may count: they are connected, and what closes them,
    if anything, is a measured signal. None after a failure of an engine, whose extent nobody knows.

    Args:
        closed: By stream, the reason of `edge.recognition.availability`.
    """
    if ENGINE_FAILED in closed.values():
        return frozenset()
    return frozenset(
        name for name, why in closed.items() if links[name] == "up" and why not in GONE
    )


class Earlier:
    """Follows the gate's decisions on one run or person. Step thread only, except `until_ns`, which
    any thread may read."""

    def __init__(self) -> None:
        self.until_ns: dict[str, int] = {}
        """For each stream that was dropped in the last step because of its reliability: the end of
        the last window that was used. Replaced, never changed."""
        self._used: dict[str, tuple[int, StreamWindow]] = {}
        """Of each stream, the last window that was used, and its end."""

    def windows(
        self, decision: Decision, seen: Mapping[str, StreamWindow], present: frozenset[str]
    ) -> dict[str, StreamWindow]:
        """The windows without what came since each dropped stream became unreliable, and without
        signals: typical ones stand for them. Those of the last step that was used describe only the
        moment before the stream was dropped, so they would make the confidence of all of the
        window too low (docs/method.md).

        Args:
            decision: Of this step.
            seen: What this step's window has up to `until_ns`, by stream.
            present: As `delivering` gives them.
        """
        found = {}
        for stream in self._doubted(decision, present):
            window = seen.get(stream) or self._used[stream][1]
            if window.embedding is not None:
                found[stream] = replace(window, quality=None, found_quality=None)
        return found

    def follow(
        self,
        decision: Decision,
        windows: Mapping[str, StreamWindow],
        end_ns: int,
        present: frozenset[str],
    ) -> None:
        """Remember what was decided on the windows that end at `end_ns`."""
        doubted = {stream: self._used[stream] for stream in self._doubted(decision, present)}
        self._used = doubted | {stream: (end_ns, windows[stream]) for stream in decision.used}
        self.until_ns = {stream: until_ns for stream, (until_ns, _) in doubted.items()}

    @staticmethod
    def decision(
        spec: GateSpec, decision: Decision, counted: Mapping[str, StreamWindow], fused: Fused
    ) -> Decision:
        """The decision with the mask and the confidence of the streams that count.

        Args:
            decision: Of this step, on the newest windows.
            counted: As `windows` gives them.
            fused: With these windows in place of the newest ones.
        """
        row = MASK_ROWS[decision.used.union(counted)]
        sure = float(fused.confidence[row])
        return replace(decision, row=row, confidence=sure, abstains=not sure >= spec.abstain_below)

    def _doubted(self, decision: Decision, present: frozenset[str]) -> list[str]:
        """Dropped streams whose earlier evidence nobody contradicts: not those that disagree, or
        are another's. One whose packets are not processed meanwhile is among them."""
        return [
            stream
            for stream, rule in decision.rules.items()
            if rule in (UNRELIABLE, RECOVERING)
            and stream in OF_PACKETS & present & self._used.keys()
        ]
