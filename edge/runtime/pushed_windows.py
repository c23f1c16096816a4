"""Which windows of a session are to be judged, from the times that were pushed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge.errors import SourceError
from edge.types import NS_PER_MS, NS_PER_S

MAX_WAIT_NS = 500 * NS_PER_MS
"""How long a window waits for a stream that is behind the others."""
MAX_APART_NS = 60 * NS_PER_S
"""Streams that are further apart are timed by different clocks."""


class PushedWindows:
    """Windows a step apart; the first begins at the first pushed time. One thread.

    A window closes when every stream has reached its end, or when one is `MAX_WAIT_NS` beyond it.
    One that is empty by then, after a jump of the times, is passed over.

    Args:
        streams: The streams that a window waits for.
        step_ns: From the end of one window to the next.
        duration_ns: A window's length.
    """

    def __init__(self, streams: Iterable[str], step_ns: int, duration_ns: int) -> None:
        self._step_ns = step_ns
        self._duration_ns = duration_ns
        self._held: dict[str, list[tuple[int, int]]] = {stream: [] for stream in streams}
        """What was pushed, from when until when. No pause within one is as long as a window."""
        self._given = False
        self._end_ns = 0
        self.start_ns: int | None = None
        """Where the first window begins; None while nothing was pushed."""

    @property
    def streams(self) -> list[str]:
        """The names of the streams, in alphabetical order."""
        return sorted(self._held)

    def reached(self, stream: str) -> int | None:
        """The time up to which `stream` was pushed; None before it begins."""
        held = self._held[stream]
        return held[-1][1] if held else None

    @property
    def newest_ns(self) -> int | None:
        """The latest time pushed; None while nothing was."""
        return max((held[-1][1] for held in self._held.values() if held), default=None)

    def check(self, stream: str, t_ns: int) -> None:
        """Check that a time of `stream` can be of the other stream's clock.

        A stream that goes on may be far ahead: the other has stopped, or will jump as well.

        Raises:
            SourceError: It is `MAX_APART_NS` behind, or before the other begins that much ahead.
        """
        begins = not self._held[stream]
        for other, held in self._held.items():
            if other == stream or not held:
                continue
            ahead_ns = t_ns - held[-1][1]
            if ahead_ns < -MAX_APART_NS or (begins and ahead_ns > MAX_APART_NS):
                raise SourceError(
                    f"The {stream} pushed at {t_ns} ns is {abs(ahead_ns) / NS_PER_S:.0f} s"
                    f" {'ahead of' if ahead_ns > 0 else 'behind'} the {other}: use one clock for"
                    " both, and push them in turns."
                )

    def take(self, stream: str, begin_ns: int, end_ns: int) -> None:
        """Record that `stream` was pushed from `begin_ns` to `end_ns`."""
        held = self._held[stream]
        if held and begin_ns - held[-1][1] <= self._duration_ns:
            held[-1] = (held[-1][0], max(held[-1][1], end_ns))
        else:
            held.append((begin_ns, end_ns))
        if self.start_ns is None or (not self._given and begin_ns < self.start_ns):
            self.start_ns = begin_ns
            self._end_ns = begin_ns + self._step_ns

    def closed(self) -> Iterator[int]:
        """The ends of the windows that close now, in order."""
        reached = [held[-1][1] for held in self._held.values() if held]
        if reached:
            waits = len(reached) < len(self._held)
            limit_ns = max(reached) - MAX_WAIT_NS
            yield from self._until(limit_ns if waits else max(min(reached), limit_ns))

    def rest(self) -> Iterator[int]:
        """As `closed`, when nothing more comes. The last one ends with what was pushed.

        As at the end of a file, the last part of a step has a window of its own unless it is very
        short.
        """
        last_ns = self.newest_ns
        if last_ns is None:
            return
        yield from self._until(last_ns)
        if self._end_ns - last_ns <= self._step_ns // 2 or not self._given:
            self._given = True
            yield last_ns

    def _until(self, limit_ns: int) -> Iterator[int]:
        while self._end_ns <= limit_ns:
            end_ns, next_ns = self._end_ns, self._next_begin()
            if next_ns <= end_ns:
                self._end_ns += self._step_ns
                self._given = True
                yield end_ns
            else:
                missed = -(-(min(next_ns, limit_ns) - end_ns) // self._step_ns)
                self._end_ns += max(1, missed) * self._step_ns

    def _next_begin(self) -> int:
        """When the earliest part begins that is not yet before the window.

        There is one, as a window closes only when a stream has reached its end.
        """
        oldest_ns = self._end_ns - self._duration_ns
        begins = []
        for held in self._held.values():
            while len(held) > 1 and held[0][1] <= oldest_ns:
                del held[0]
            begins += [begin_ns for begin_ns, end_ns in held if end_ns > oldest_ns]
        return min(begins)
