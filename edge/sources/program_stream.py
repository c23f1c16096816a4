"""Detects a truncated MPEG program stream (.mpg, .vob), which FFmpeg does not report."""

from __future__ import annotations

from pathlib import Path

TAIL_BYTES = 1 << 20
"""Enough for any stream to contain a real pack header: a pack holds 64 KiB at most."""
CERTAIN_UNITS = 8
"""Consecutive headers, each where the previous one says. Random data does not produce so many."""

_PREFIX = b"\x00\x00\x01"
_PACK = _PREFIX + b"\xba"
_PACK_ID, _END_ID = 0xBA, 0xB9


def cut_within_a_unit(path: Path) -> bool:
    """True if the last pack header or packet says that it ends after the file does.

    A file cut exactly between two packets is not detected: complete files need no end code either
    (GRID's have none). A file without a chain of packets up to its end counts as complete.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            tail = file.read()
    except OSError:  # removed since it was opened
        return False
    start = tail.find(_PACK)
    while start >= 0:
        units, end = _walk(tail, start)
        if end is not None and units >= CERTAIN_UNITS:
            return end > len(tail)
        start = tail.find(_PACK, start + 1)
    return False


def _walk(data: bytes, start: int) -> tuple[int, int | None]:
    """The number of consecutive units from `start`, and where the last one ends; None if something
    else comes in between."""
    units, at = 0, start
    while at < len(data):
        head = data[at : at + 14]
        if not head.startswith(_PREFIX[: len(head)]):
            return units, None
        if len(head) < 4 or head[3] == _END_ID:
            return units, at  # the rest may pad the last sector
        if head[3] < _END_ID:
            return units, None
        units += 1
        if len(head) < 6:
            return units, at + 6
        if head[3] != _PACK_ID:
            at += 6 + int.from_bytes(head[4:6], "big")
        elif head[4] >> 4 == 2:  # MPEG-1
            at += 12
        elif len(head) < 14:
            return units, at + 14
        else:
            at += 14 + (head[13] & 7)
    return units, at
