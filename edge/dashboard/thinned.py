"""A whole run in bounded memory: values that last, and points on a curve.

What is older than a minute becomes coarser as the run grows, so that a day takes no more than an
hour. A coarse point of reliability is the lowest of those that it replaces, so that a short dip
never disappears; of an answer it is the first, so that none is favoured.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
STRETCHES_LIMIT = 6000
POINTS_LIMIT = 4000
RECENT_S = 60.0
"""Kept as it was, at up to fifty steps a second."""


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """`value` holds from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    value: T

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


Merge = Callable[[Sequence[Stretch[T]]], list[Stretch[T]]]
"""One or two stretches for several short ones, over the same time."""


class Track(Generic[T]):
    """What holds at each time of a run, at most `STRETCHES_LIMIT` stretches.

    Args:
        merge: What several short neighbours become.
    """

    def __init__(self, merge: Merge[T]) -> None:
        self._merge = merge
        self.stretches: list[Stretch[T]] = []

    def add(self, now_s: float, value: T) -> None:
        """`value` holds from now on; the one before held until now."""
        if self.stretches:
            last = self.stretches[-1] = replace(self.stretches[-1], end_s=now_s)
            if last.value == value:
                return
        self.stretches.append(Stretch(now_s, now_s, value))
        if len(self.stretches) > STRETCHES_LIMIT:
            self._coarsen(now_s)

    def between(self, start_s: float, end_s: float, parts: int) -> list[Stretch[T]]:
        """Those that touch this time, cut to it, as coarse as `parts` of it: about five times
        `parts` at most."""
        inside = [
            Stretch(max(s.start_s, start_s), min(s.end_s, end_s), s.value)
            for s in self.stretches
            if s.end_s >= start_s and s.start_s <= end_s
        ]
        return coarser(inside, (end_s - start_s) / parts, self._merge)

    def _coarsen(self, now_s: float) -> None:
        recent = [s for s in self.stretches if s.end_s >= now_s - RECENT_S]
        old = self.stretches[: len(self.stretches) - len(recent)]
        part_s = 12 * now_s / STRETCHES_LIMIT
        self.stretches = coarser(old, part_s, self._merge) + recent
        if len(self.stretches) > STRETCHES_LIMIT:  # more than fifty changes a second
            self.stretches = coarser(self.stretches, part_s, self._merge)


def coarser(stretches: Iterable[Stretch[T]], part_s: float, merge: Merge[T]) -> list[Stretch[T]]:
    """Neighbours that are shorter than `part_s` are merged over about that length.

    A short stretch between two long ones stays as it is.
    """
    joined: list[Stretch[T]] = []
    group: list[Stretch[T]] = []

    def put(stretch: Stretch[T]) -> None:
        if joined and joined[-1].value == stretch.value:
            joined[-1] = replace(joined[-1], end_s=stretch.end_s)
        else:
            joined.append(stretch)

    def flush() -> None:
        if group:
            for merged in merge(group):
                put(merged)
            group.clear()

    for stretch in stretches:
        if stretch.length_s >= part_s:
            flush()
            put(stretch)
            continue
        group.append(stretch)
        if group[-1].end_s - group[0].start_s >= part_s:
            flush()
    flush()
    return joined


def longest(stretches: Sequence[Stretch[T]]) -> list[Stretch[T]]:
    """One stretch with the value that holds for the longest time in all."""
    held_s: dict[T, float] = {}
    for stretch in stretches:
        held_s[stretch.value] = held_s.get(stretch.value, 0.0) + stretch.length_s
    value = max(held_s, key=lambda value: held_s[value])
    return [Stretch(stretches[0].start_s, stretches[-1].end_s, value)]


Dot = tuple[float, float | None]
"""A time in seconds, and a value; None: nothing is known."""


class Curve:
    """Points of a whole run, at most `POINTS_LIMIT`: then two neighbours become one.

    Args:
        merge: Which of some neighbours stays: `lowest` or `first`.
    """

    def __init__(self, merge: Callable[[Sequence[Dot]], Dot]) -> None:
        self._merge = merge
        self.dots: list[Dot] = []
        self._every = 1
        self._in_last = 0

    def add(self, t_s: float, value: float | None) -> None:
        """Add the next one."""
        if self.dots and self._in_last < self._every:
            self.dots[-1] = self._merge((self.dots[-1], (t_s, value)))
            self._in_last += 1
            return
        if len(self.dots) >= POINTS_LIMIT:
            self.dots = fewer(self.dots, POINTS_LIMIT // 2, self._merge)
            self._every *= 2
        self.dots.append((t_s, value))
        self._in_last = 1


def fewer(dots: Sequence[Dot], most: int, merge: Callable[[Sequence[Dot]], Dot]) -> list[Dot]:
    """At most `most` dots, each that which `merge` gives of as many neighbours."""
    every = max(1, -(-len(dots) // most))
    return [merge(dots[i : i + every]) for i in range(0, len(dots), every)]


def first(dots: Sequence[Dot]) -> Dot:
    """The earliest, with or without a value."""
    return dots[0]


def lowest(dots: Sequence[Dot]) -> Dot:
    """The one with the lowest value; one without a value only if none has any."""
    known = [dot for dot in dots if dot[1] is not None]
    return min(known, key=lambda dot: dot[1] or 0.0) if known else dots[0]
