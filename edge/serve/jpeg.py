"""Reads a JPEG picture, after its header has shown that it costs little.

The size is checked before memory is taken. A progressive file, or one with its colours in several
scans, is refused: a megabyte of scans can keep a decoder busy for minutes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.serve.messages import TOO_BIG, WRONG_DATA, Refused

SIDE_MIN_PX = 16
START, SCAN = 0xD8, 0xDA
BASELINE = (0xC0, 0xC1)
OTHER_KINDS = frozenset(range(0xC2, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Progressive, lossless, arithmetic. The three are tables, and a reserved marker."""
NO_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})


def decode(data: memoryview, max_px: int) -> NDArray[np.uint8]:
    """The picture, uint8, shape (height, width, 3), blue first. Any thread.

    Raises:
        Refused: It is no JPEG file of one scan, or too large or too small.
    """
    width, height = size_of(data)
    if width * height > max_px:
        raise Refused(
            TOO_BIG,
            "large picture",
            f"A picture has {width}x{height} pixels, and this server takes {max_px} at most: send"
            " smaller ones.",
        )
    if min(width, height) < SIDE_MIN_PX:
        raise Refused(
            WRONG_DATA, "garbage", f"A picture of {width}x{height} pixels is too small for a face."
        )
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None:
        raise Refused(WRONG_DATA, "garbage", "A picture is a damaged JPEG file.")
    return picture.astype(np.uint8, copy=False)


def size_of(data: memoryview) -> tuple[int, int]:
    """Width and height, from the file's header.

    Raises:
        Refused: It is no JPEG file of one scan.
    """
    if bytes(data[:2]) != b"\xff\xd8":
        raise Refused(WRONG_DATA, "garbage", "A picture is a JPEG file; this was something else.")
    place, size, colours = 2, None, 0
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind == 0xFF:  # padding
            place += 1
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if kind in NO_LENGTH or length < 2 or place + 2 + length > len(data):
            break
        body = data[place + 4 : place + 2 + length]
        if kind in OTHER_KINDS:
            raise Refused(
                WRONG_DATA, "garbage", "A picture is a progressive JPEG file: send a baseline one."
            )
        if kind in BASELINE and len(body) >= 6:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            colours = body[5]
        if kind == SCAN:
            if size is not None and len(body) and body[0] == colours:
                return size
            break
        place += 2 + length
    raise Refused(WRONG_DATA, "garbage", "A picture is a damaged JPEG file.")
