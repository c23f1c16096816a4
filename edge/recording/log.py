"""The log on disk: arrays in `blocks.bin`, then their event in `events.jsonl`.

A process that is killed leaves a valid prefix of its recording: an event is written after its
array, and an incomplete last line is recognised by its missing end.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import RecordingError
from edge.recording.blocks import Array, Block, pack, unpack
from edge.recording.events import Ended, Event, Observed, parse
from edge.recording.session import BLOCKS_NAME, EVENTS_NAME

MAX_LINE_BYTES = 2**22
"""More than an hour of words in one utterance."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


class LogWriter:
    """Appends events. One thread. Raises OSError on a disk error."""

    def __init__(self, folder: Path) -> None:
        self._events = os.open(folder / EVENTS_NAME, _NEW, 0o600)
        try:
            self._blocks = os.open(folder / BLOCKS_NAME, _NEW, 0o600)
        except OSError:
            os.close(self._events)
            raise
        self._events_bytes = self._blocks_bytes = 0
        self._before: dict[str, Array] = {}

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._events_bytes + self._blocks_bytes

    def write(self, event: dict[str, Any], array: Array | None = None) -> None:
        """Append one event, and `array` as its block."""
        if array is not None:
            event = {**event, "block": self._write_block(event.get("stream"), array)}
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=_plain)
        try:
            self._events_bytes += _write_all(self._events, (line + "\n").encode())
        except OSError:
            os.ftruncate(self._events, self._events_bytes)
            raise

    @property
    def is_removed(self) -> bool:
        """Whether a file has no name any more: nobody could read what is written to it."""
        return 0 in (os.fstat(self._events).st_nlink, os.fstat(self._blocks).st_nlink)

    def close(self) -> None:
        """Close both files."""
        os.close(self._events)
        os.close(self._blocks)

    def _write_block(self, stream: str | None, array: Array) -> dict[str, Any]:
        codec, data = pack(array, self._before.get(stream) if stream else None)
        at = self._blocks_bytes
        try:
            self._blocks_bytes += _write_all(self._blocks, data)
        except OSError:
            os.ftruncate(self._blocks, self._blocks_bytes)
            raise
        if stream:
            self._before[stream] = array
        return {
            "codec": codec,
            "dtype": array.dtype.name,
            "shape": list(array.shape),
            "at": at,
            "size": len(data),
            "crc32": zlib.crc32(data),
        }


def read_log(folder: Path) -> Iterator[tuple[Event, Array | None]]:
    """Yield every complete event with its array, and at the end an `Ended` if there is one.

    Raises:
        RecordingError: A file cannot be read. Truncated or altered data is not an error: the log
            ends before it.
    """
    try:
        with (folder / EVENTS_NAME).open("rb") as events, (folder / BLOCKS_NAME).open("rb") as file:
            before: dict[str, Array] = {}
            while line := events.readline(MAX_LINE_BYTES):
                try:
                    event, array = _whole(line, file.fileno(), before)
                except ValueError:
                    return
                yield event, array
                if isinstance(event, Ended):
                    return
    except OSError as error:
        raise RecordingError(f"{folder} cannot be read: {error.strerror}.") from None


def log_bytes(folder: Path) -> int:
    """How long the log is now; 0 where there is none."""
    try:
        return (folder / EVENTS_NAME).stat().st_size
    except OSError:
        return 0


def complete_events(folder: Path, size: int) -> int:
    """How many events were written in the first `size` bytes of the log, readable or not.

    Raises:
        RecordingError: The log cannot be read.
    """
    count = 0
    try:
        with (folder / EVENTS_NAME).open("rb") as events:
            while size > 0 and (part := events.read(min(size, MAX_LINE_BYTES))):
                count, size = count + part.count(b"\n"), size - len(part)
    except OSError as error:
        raise RecordingError(f"{folder} cannot be read: {error.strerror}.") from None
    return count


def _whole(line: bytes, blocks: int, before: dict[str, Array]) -> tuple[Event, Array | None]:
    if not line.endswith(b"\n"):
        raise ValueError("truncated")
    event = parse(line)
    block: Block | None = getattr(event, "block", None)
    if block is None:
        return event, None
    if block.at + block.size > os.fstat(blocks).st_size:
        raise ValueError("truncated")
    data = os.pread(blocks, block.size, block.at)
    if not isinstance(event, Observed):
        return event, unpack(block, data, None)
    array = unpack(block, data, before.get(event.stream))
    before[event.stream] = array
    return event, array


def _write_all(fd: int, data: bytes) -> int:
    done = 0
    while done < len(data):
        done += os.write(fd, memoryview(data)[done:])
    return done


def _plain(value: object) -> object:
    """Convert a value of an observation's detail, which may be a numpy number, to plain JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return str(value)
