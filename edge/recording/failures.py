"""Which streams an engine's failure closed in a recorded step, so that the replay closes them too.

The failure itself cannot be repeated. A step's verdict says what it closed, and comes after the
step in the log, behind what other threads recorded meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from edge.recognition.reasons import ENGINE_FAILED
from edge.recording.blocks import Array
from edge.recording.events import Event, Judged, Stepped

LOOK_AHEAD = 5000
"""Events between a step and its verdict; more come from no run."""
NONE: frozenset[str] = frozenset()
Entry = tuple[Event, "Array | None"]


def with_failures(log: Iterable[Entry]) -> Iterator[tuple[Event, Array | None, frozenset[str]]]:
    """Each event in its order; with a step, the streams that an engine's failure closed in it."""
    read = iter(log)
    ahead: deque[Entry] = deque()
    while True:
        entry = ahead.popleft() if ahead else next(read, None)
        if entry is None:
            return
        event, array = entry
        failed = NONE
        if isinstance(event, Stepped):
            failed = _failed(ahead, read)
        yield event, array, failed


def _failed(ahead: deque[Entry], read: Iterator[Entry]) -> frozenset[str]:
    """Read on to the step's verdict; what is read is kept in `ahead`. None before the next step."""
    for event, _ in ahead:
        if isinstance(event, Judged | Stepped):
            return _closed(event)
    for entry in islice(read, LOOK_AHEAD):
        ahead.append(entry)
        if isinstance(entry[0], Judged | Stepped):
            return _closed(entry[0])
    return NONE


def _closed(event: Judged | Stepped) -> frozenset[str]:
    streams = event.verdict.get("streams") if isinstance(event, Judged) else None
    if not isinstance(streams, dict):
        return NONE
    return frozenset(
        name
        for name, stream in streams.items()
        if isinstance(stream, dict) and stream.get("reason") == ENGINE_FAILED
    )
