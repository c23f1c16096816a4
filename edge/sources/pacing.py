"""Merges recorded or generated streams in capture order, in real time or at full speed."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

from edge.clock import Clock
from edge.errors import ConfigError
from edge.sources.base import Pace
from edge.types import Chunk, Packet


def paced(
    streams: Iterable[Iterator[Packet]],
    clock: Clock,
    pace: Pace,
    start_ns: int,
    stop: threading.Event,
) -> Iterator[Packet]:
    """Merge packets by capture time, shifted so that the earliest is captured at `start_ns`.

    "live" waits for each packet: a frame until its time, sound until the time of its last sample.
    Ends soon after `stop` is set.
    """
    shift_ns: int | None = None
    for packet in heapq.merge(*streams, key=lambda packet: packet.t_ns):
        if shift_ns is None:
            shift_ns = start_ns - packet.t_ns
        packet = replace(packet, t_ns=packet.t_ns + shift_ns)
        if pace == "live":
            clock.wait_until(packet.end_ns if isinstance(packet, Chunk) else packet.t_ns, stop)
        if stop.is_set():
            return
        yield packet


def start_of(pace: Pace, clock: Clock) -> int:
    """Now for "live"; otherwise 0, so that the times of a run are the same every time."""
    return clock.now_ns() if pace == "live" else 0


def check_pace(pace: str) -> None:
    if pace not in ("live", "fast"):
        raise ConfigError(f"pace is {pace!r}, but must be 'live' or 'fast'.")
