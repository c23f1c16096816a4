"""Tells a damaged time stamp from a true pause, before anything is decoded.

One damaged stamp of 9,880 s in a clip of 3 s would otherwise be hours of nothing. Packets are
judged rather than pictures: to look ahead over some costs little memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any, NoReturn

from edge.sources.damage import Damage
from edge.types import NS_PER_S

AHEAD = 64
"""Packets to look ahead once a stamp jumps. One damaged stamp of an MPEG-TS governs up to 20."""

LONE_NS = 600 * NS_PER_S
"""Farther than this from the rest, the few packets at either end of a stream are not believed."""

LONE_HEAD = 24
"""As many packets are few, at the beginning. (At the end: fewer than `AHEAD`.)"""

LONGEST_PAUSE_NS = 12 * 3600 * NS_PER_S
"""No pause is longer. (Stamps of an MPEG-TS that go back are read as 26 hours of pause.)"""

LONGEST_STEP_NS = 60 * NS_PER_S
"""No stream has packets that are farther apart as a rule: a film taken as a time lapse states the
time at which it is shown. (A damaged AVI header may state a picture every three hours.)"""

STEPS = 20
"""Pictures that are stored out of order are fewer steps apart, so that many are no jump."""


def packet_ns(packet: Any) -> int | None:
    """The packet's time stamp in nanoseconds, if it has one."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    if stamp is None or packet.time_base is None:
        return None
    return int(stamp * packet.time_base * NS_PER_S)


class MendedStamps:
    """Yields the packets of one stream, those with impossible stamps placed after the one before.

    A stamp that jumps is impossible when a later packet takes up the time before the jump, or when
    it lies behind the end that the container states. If what follows has no earlier time to return
    to, all of it is moved, with its own distances. Any other jump forward is a pause, and kept.
    Of a stream whose packets all are too far apart, none is yielded: nothing tells their times.

    Args:
        packets: Packets of one stream as stored.
        step_ns: The usual distance of two packets, where their stamps do not tell it.
        end_ns: The end that the container states; None if it states none.
        damage: Counts the packets with impossible stamps.
        start_ns: The start that the container states.
    """

    def __init__(
        self,
        packets: Iterator[Any],
        step_ns: int,
        end_ns: int | None,
        damage: Damage,
        start_ns: int = 0,
    ) -> None:
        self._packets, self._step_ns, self._end_ns, self._damage = packets, step_ns, end_ns, damage
        self._start_ns = start_ns
        self._jump_ns = max(NS_PER_S, STEPS * step_ns)
        self._ahead: deque[Any] = deque()
        self._due_ns: int | None = None
        self._moved_ns = 0
        self._impossible = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        packet = self._ahead.popleft() if self._ahead else next(self._packets)
        stamp_ns = packet_ns(packet)
        if stamp_ns is None:
            return packet
        if self._due_ns is None:
            self._begin(stamp_ns)
            if self._step_ns > LONGEST_STEP_NS:
                self._refuse()
            assert self._due_ns is not None
        elif not self._impossible and abs(stamp_ns + self._moved_ns - self._due_ns) > self._jump_ns:
            self._judge(stamp_ns)
        if self._impossible:
            self._impossible -= 1
            self._count(stamp_ns)
            move_ns = self._due_ns - stamp_ns
        else:
            move_ns = self._moved_ns
        if move_ns:
            _move(packet, move_ns)
        step_ns = int((packet.duration or 0) * packet.time_base * NS_PER_S) or self._step_ns
        self._due_ns = max(self._due_ns, stamp_ns + move_ns) + min(step_ns, self._jump_ns // 2)
        return packet

    def _begin(self, stamp_ns: int) -> None:
        """The first packets have nothing before them: the ones after them tell."""
        self._due_ns = stamp_ns
        stamps = [stamp_ns, *self._stamps_ahead(AHEAD)]
        if steps := [b - a for a, b in pairwise(sorted(stamps)) if b > a]:
            self._step_ns = sorted(steps)[len(steps) // 2]
            self._jump_ns = max(NS_PER_S, STEPS * self._step_ns)
        for index, (before_ns, later_ns) in enumerate(pairwise(stamps[: LONE_HEAD + 1]), start=1):
            gone_ns = later_ns - before_ns
            if gone_ns < -self._jump_ns or gone_ns > max(LONE_NS, self._jump_ns):
                due_ns = before_ns + self._step_ns
                known = not self._is_behind(before_ns) and self._is_behind(later_ns)
                if not known and self._return(stamps[index:], due_ns) is None:
                    self._impossible = index
                    self._due_ns = later_ns - index * self._step_ns
                break
        if self._is_behind(self._due_ns, LONE_NS):  # all of it begins long after the end
            self._moved_ns = self._start_ns - self._due_ns
            self._due_ns = self._start_ns
            self._count(stamp_ns)

    def _refuse(self) -> NoReturn:
        apart = f"{self._step_ns / NS_PER_S:,.0f} s apart"
        self._damage.unusable = f"its time stamps are damaged: they are {apart}"
        self._damage.counted_anew = True
        raise StopIteration

    def _is_behind(self, stamp_ns: int, by_ns: int | None = None) -> bool:
        """Whether a stamp lies behind the end that the container states."""
        by_ns = self._jump_ns if by_ns is None else by_ns
        return self._end_ns is not None and stamp_ns > self._end_ns + by_ns

    def _judge(self, stamp_ns: int) -> None:
        """Decide on a jump: how many packets are impossible, or how far all that follows moves."""
        assert self._due_ns is not None
        due_ns = self._due_ns
        jump_ns = stamp_ns + self._moved_ns - due_ns
        stamps = [stamp_ns, *self._stamps_ahead(AHEAD)]
        moved = [stamp + self._moved_ns for stamp in stamps]
        if (index := self._return(moved, due_ns)) is not None:
            self._impossible = index
            return
        lone = jump_ns > LONE_NS and len(self._ahead) < AHEAD
        believed = not self._is_behind(due_ns)
        behind = self._is_behind(stamp_ns)
        endless = jump_ns > max(LONGEST_PAUSE_NS, self._jump_ns)
        if jump_ns < 0 or lone or endless or (believed and behind):
            self._moved_ns -= jump_ns
            self._damage.counted_anew |= jump_ns < 0 or endless
            self._count(stamp_ns)

    def _return(self, stamps: list[int], due_ns: int) -> int | None:
        """Which of the stamps from a jump on takes up the time before it."""
        jump_ns = abs(stamps[0] - due_ns)
        for index, stamp_ns in enumerate(stamps):
            away_ns = abs(stamp_ns - due_ns)
            if index and away_ns <= self._jump_ns + index * self._step_ns and away_ns < jump_ns:
                return index
        return None

    def _stamps_ahead(self, count: int) -> Iterator[int]:
        missing = count - len(self._ahead)
        self._ahead.extend(islice(self._packets, max(0, missing)))
        for packet in islice(self._ahead, count):
            if (stamp_ns := packet_ns(packet)) is not None:
                yield stamp_ns

    def _count(self, stamp_ns: int) -> None:
        self._damage.stamps += 1
        self._damage.latest_stamp_ns = max(self._damage.latest_stamp_ns, stamp_ns)


def _move(packet: Any, by_ns: int) -> None:
    by = round(by_ns / NS_PER_S / packet.time_base)
    if packet.pts is not None:
        packet.pts += by
    if packet.dts is not None:
        packet.dts += by
