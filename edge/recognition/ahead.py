"""What was found in a packet that is not in a window yet.

A file is read some packets ahead, and one kind of work is done for all of them before the next:
decoding, the detector, cropping, each encoder. Done packet by packet, each kind of work finds the
processor's caches filled by the others: a part that takes 0.6 of a millisecond alone takes 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from edge.clock import Clock
from edge.types import Frame, Observation, Packet, Reading


@dataclass(slots=True)
class Ahead:
    """`readings` is None where the packet is not looked at. `work_ns` is that of the front end."""

    packet: Packet
    observations: Sequence[Observation] = ()
    readings: list[Reading] | None = None
    work_ns: int = 0

    @property
    def stream(self) -> str:
        """Of the packet."""
        return "vision" if isinstance(self.packet, Frame) else "audio"

    @contextmanager
    def timed(self, clock: Clock) -> Iterator[None]:
        """What is done meanwhile is work on this packet."""
        started_ns = clock.now_ns()
        yield
        self.work_ns += clock.now_ns() - started_ns
