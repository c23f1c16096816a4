"""What the panels below a film's pictures are drawn with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotation.lines import Line
from edge.annotation.look import LABEL_RGB
from edge.annotation.spans import UNSURE, answer_of
from edge.types import STREAMS

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

GROUND: Colour = (24, 24, 24)
INK: Colour = (245, 245, 245)
GREY: Colour = (110, 110, 110)
GREEN: Colour = (70, 140, 40)
RED: Colour = (60, 60, 220)
LABEL_BGR: tuple[Colour, ...] = tuple(
    (int(rgb[5:7], 16), int(rgb[3:5], 16), int(rgb[1:3], 16)) for rgb in LABEL_RGB
)


def unit_of(width_px: int) -> int:
    """The measure of letters and rows in a panel of this width, in pixels."""
    return max(8, min(28, width_px // 36))


def said(line: Line, labels: tuple[str, ...]) -> str:
    """The answer with its confidence, or "unsure"."""
    if line.unsure:
        return UNSURE
    sure = "" if line.confidence is None else f"  {line.confidence:.2f}"
    return f"{answer_of(line, labels)}{sure}"


def colour_of(line: Line, labels: tuple[str, ...]) -> Colour:
    """Of the answer: its label's, of a number from blue to orange, grey if it is withheld."""
    if line.unsure:
        return GREY
    if line.number is not None and line.value is not None:
        share = (line.value - line.number.low) / (line.number.high - line.number.low)
        low, high = np.array(LABEL_BGR[4]), np.array(LABEL_BGR[1])
        blue, green, red = (low + (high - low) * min(1.0, max(0.0, share))).round().astype(int)
        return int(blue), int(green), int(red)
    first = line.labels[0] if line.labels else line.label
    if first is None:
        return INK
    return LABEL_BGR[labels.index(first) % len(LABEL_BGR)]


def off_rows(line: Line) -> list[int]:
    """Rows of the streams that are not used for a reason, the camera's on top."""
    names = list(reversed(STREAMS))
    off = (name for name in names if line.streams[name].state != "used")
    return [names.index(name) for name in off if line.streams[name].reason is not None]


def draw_span(
    strip: Picture, x: tuple[int, int], colour: Colour, off: list[int], thin_px: int
) -> None:
    """One answer on a strip of time, from x[0] to x[1], above a row of `thin_px` for each stream:
    red for those of `off`."""
    strip[: -3 * thin_px, x[0] : x[1]] = colour
    for row in off:
        strip[(row - 3) * thin_px : (row - 2) * thin_px or None, x[0] : x[1]] = RED


def write(
    picture: Picture, text: str, at: tuple[int, int], room: int, size: float, ink: Colour
) -> None:
    """One line, in smaller letters if it would not fit in `room` pixels."""
    font = cv2.FontFace("sans")
    wide = cv2.getTextSize((9999, 99), text, (0, 0), font, int(size), 500)[2]
    size = size if wide <= room else max(5, size * room / wide)
    cv2.putText(picture, text, at, ink, font, int(size), 500)
