"""Which streams an engine's failure closed in a recorded step, so that the replay closes them too.

The failure itself cannot be repeated. A step's verdicts say what it closed (one, or with several
people one of each), and come after the step in the log, behind what other threads recorded
meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from edge.recognition.reasons import ENGINE_FAILED
from edge.recording.blocks import Array
from edge.recording.events import Event, Judged, Stepped

LOOK_AHEAD = 5000
"""Events between a step and its verdict; more come from no run."""
Failed = Mapping["int | None", frozenset[str]]
"""By person; None where the run followed nobody in particular."""
Entry = tuple[Event, "Array | None"]


def with_failures(log: Iterable[Entry]) -> Iterator[tuple[Event, Array | None, Failed]]:
    """Each event in its order; with a step, the streams that an engine's failure closed in it."""
    read = iter(log)
    ahead: deque[Entry] = deque()
    while True:
        entry = ahead.popleft() if ahead else next(read, None)
        if entry is None:
            return
        event, array = entry
        failed: Failed = {}
        if isinstance(event, Stepped):
            failed = _failed(ahead, read)
        yield event, array, failed


def _failed(ahead: deque[Entry], read: Iterator[Entry]) -> Failed:
    """Read on to the end of the step's verdicts, which follow each other; what is read is kept in
    `ahead`. None before the next step."""
    found: dict[int | None, frozenset[str]] = {}
    for event in _following(ahead, read):
        if isinstance(event, Judged):
            person = event.verdict.get("person")
            found[person if isinstance(person, int) else None] = _closed(event)
        elif found or isinstance(event, Stepped):
            break
    return found


def _following(ahead: deque[Entry], read: Iterator[Entry]) -> Iterator[Event]:
    for event, _ in tuple(ahead):
        yield event
    for entry in islice(read, LOOK_AHEAD):
        ahead.append(entry)
        yield entry[0]


def _closed(event: Judged) -> frozenset[str]:
    streams = event.verdict.get("streams")
    if not isinstance(streams, dict):
        return frozenset()
    return frozenset(
        name
        for name, stream in streams.items()
        if isinstance(stream, dict) and stream.get("reason") == ENGINE_FAILED
    )
