"""When the first label may come: once a stream reaches back far enough (`window.min_share`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge.recognition.window import StreamWindow


class FirstLabel:
    """Follows the windows of one run or person, step by step. Step thread only.

    Args:
        reach_ns: How far a stream must reach back.
        step_ns: Between two windows.
    """

    def __init__(self, reach_ns: int, step_ns: int) -> None:
        self._reach_ns, self._step_ns = reach_ns, step_ns
        self._reached: set[str] = set()
        """Streams that have reached so far back, until their window is empty. In a full window of
        few readings the oldest one may lie a step or more after its beginning."""

    def is_too_early(self, mask: Iterable[str], windows: Mapping[str, StreamWindow]) -> bool:
        """Whether no stream of an answer reaches back far enough for one, in whole steps. Called
        once a step.

        Args:
            mask: The streams of the answer; without any, nothing is too early.
            windows: Of the step, by stream.
        """
        for name, window in windows.items():
            if window.embedding is None:
                self._reached.discard(name)
            elif (window.reach_ns // self._step_ns + 1) * self._step_ns >= self._reach_ns:
                self._reached.add(name)
        streams = set(mask)
        return bool(streams) and not streams & self._reached
