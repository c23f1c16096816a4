"""The messages in the pipe: a kind, a length, and JSON or a JPEG. No pickle."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import IO, Any

from edge.dashboard.happened import Happened
from edge.recognition.verdict import Verdict

HEAD = struct.Struct("<cI")
PICTURE_HEAD = struct.Struct("<qII")
"""Capture time, width and height of the frame before it was shrunk."""
HELLO, STEPS, PICTURE, LOAD, RUN_ENDED, END = b"h", b"s", b"p", b"l", b"r", b"e"
"""RUN_ENDED: the pages stay. END: the process ends as well."""
BEGIN, NEWS, HAPPENED = b"b", b"n", b"o"
"""BEGIN: what comes is of another run. NEWS: what is neither a step nor a reading, as JSON.
HAPPENED: an event of the run, as JSON."""
MAX_BYTES = 2**26


def message(kind: bytes, body: bytes) -> bytes:
    """Encode one message."""
    return HEAD.pack(kind, len(body)) + body


def messages(pipe: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each message, until the pipe ends or its content is not valid."""
    while len(head := pipe.read(HEAD.size)) == HEAD.size:
        kind, size = HEAD.unpack(head)
        if size > MAX_BYTES or len(body := pipe.read(size)) < size:
            return
        yield kind, body


def steps(verdicts: Sequence[Verdict], drops: Counter[str]) -> bytes:
    """Encode verdicts as JSON objects, with their words and confidences."""
    lines = [
        {**v.to_dict(), "words": [[w.text, round(w.confidence, 3), w.final] for w in v.words]}
        for v in verdicts
    ]
    return message(STEPS, as_json({"verdicts": lines, "drops": dict(drops)}))


def happened(what: Happened) -> bytes:
    """Encode an event of the run."""
    return message(HAPPENED, as_json(asdict(what)))


def picture(t_ns: int, size: tuple[int, int], jpeg: bytes) -> bytes:
    """Encode a picture with its capture time, and the frame's width and height in pixels."""
    return message(PICTURE, PICTURE_HEAD.pack(t_ns, *size) + jpeg)


def opened_picture(body: bytes) -> tuple[int, tuple[int, int], bytes]:
    """Capture time, the frame's width and height, and JPEG of a message of `picture`."""
    t_ns, width, height = PICTURE_HEAD.unpack_from(body)
    return t_ns, (width, height), body[PICTURE_HEAD.size :]


def as_json(value: Any) -> bytes:
    """Compact UTF-8. A lone surrogate in a file name becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
