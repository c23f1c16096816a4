"""Draws below each picture: the answer, a chip for each stream, and the whole film as a strip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotation.lines import Line
from edge.annotation.look import LABEL_RGB, PEOPLE_SAY
from edge.annotation.spans import UNSURE, answer_of
from edge.annotation.verdicts import Moment, Verdicts
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
MIN_WIDTH_PX = 320
"""Of the picture with its panel: below it no chip can be read."""


class Panel:
    """The part below the pictures, as wide as they are.

    It is drawn again only when the verdict changes; the mark on the strip moves with each picture.
    """

    def __init__(self, width_px: int, verdicts: Verdicts) -> None:
        unit = max(8, min(28, width_px // 36))
        self._unit, self.height_px = unit, 2 * round(3.2 * unit)
        self._width_px = width_px
        self._labels = verdicts.labels
        self._name = f"{verdicts.number.name}: " if verdicts.number else ""
        self._font = cv2.FontFace("sans")
        self._end_ms = 1
        self._strip = self._whole(verdicts)
        self._shown: tuple[int | None, Picture] | None = None

    def draw(self, moment: Moment | None, time_ms: float) -> Picture:
        """(height, width, 3) BGR. `moment` is None where there is no verdict."""
        seq = None if moment is None else moment.line.seq
        if self._shown is None or self._shown[0] != seq:
            self._shown = seq, self._still(None if moment is None else moment.line)
        panel = self._shown[1].copy()
        x = min(self._width_px - 2, round(time_ms / self._end_ms * self._width_px))
        panel[-len(self._strip) :, max(0, x - 1) : x + 3] = GROUND  # it is seen on white as well
        panel[-len(self._strip) :, x : x + 2] = INK
        return panel

    def _still(self, line: Line | None) -> Picture:
        panel: Picture = np.full((self.height_px, self._width_px, 3), GROUND, np.uint8)
        panel[-len(self._strip) :] = self._strip
        if line is None:
            return panel
        unit, third = self._unit, self._width_px // len(STREAMS)
        answer, ink = UNSURE, GREY
        if not line.unsure:
            sure = "" if line.confidence is None else f"  {line.confidence:.2f}"
            answer = f"{self._name}{answer_of(line, self._labels)}{sure}"
            ink = INK
            panel[unit // 3 : unit * 2, : unit // 2] = self._colour(line)
        self._write(
            panel, answer, (unit, round(1.7 * unit)), self._width_px - unit, unit * 1.5, ink
        )
        for place, name in enumerate(reversed(STREAMS)):
            stream, x = line.streams[name], place * third
            used = stream.state == "used"
            said = ("on" if used else "off") + (f", {stream.reason}" if stream.reason else "")
            fill = GREEN if used else RED if stream.reason else GREY
            panel[round(2.3 * unit) : round(3.9 * unit), x + 2 : x + third - 2] = fill
            chip = f"{PEOPLE_SAY[name]}: {said}"
            at = x + unit // 2, round(3.4 * unit)
            self._write(panel, chip, at, third - unit, unit, INK)
        return panel

    def _whole(self, verdicts: Verdicts) -> Picture:
        """The answers of the whole film above a thin row for each stream, red where it is off."""
        rows = [(m.begin_ms, m.end_ms, self._colour(m.line), _off(m.line)) for m in verdicts]
        self._end_ms = max(1, max((end for _, end, _, _ in rows), default=1))
        strip: Picture = np.full((2 * self._unit, self._width_px, 3), GROUND, np.uint8)
        thin = max(2, self._unit // 4)
        for begin_ms, end_ms, colour, off in rows:
            x0, x1 = (round(t / self._end_ms * self._width_px) for t in (begin_ms, end_ms))
            strip[: -3 * thin, x0:x1] = colour
            for row in off:
                strip[(row - 3) * thin : (row - 2) * thin or None, x0:x1] = RED
        return strip

    def _colour(self, line: Line) -> Colour:
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
        return LABEL_BGR[self._labels.index(first) % len(LABEL_BGR)]

    def _write(
        self, panel: Picture, text: str, at: tuple[int, int], room: int, size: float, ink: Colour
    ) -> None:
        """One line, in smaller letters if it would not fit."""
        wide = cv2.getTextSize((9999, 99), text, (0, 0), self._font, int(size), 500)[2]
        size = size if wide <= room else max(5, size * room / wide)
        cv2.putText(panel, text, at, ink, self._font, int(size), 500)


def _off(line: Line) -> list[int]:
    """Rows of the streams that are not used for a reason, the camera's on top."""
    names = list(reversed(STREAMS))
    off = (name for name in names if line.streams[name].state != "used")
    return [names.index(name) for name in off if line.streams[name].reason is not None]


def mark_face(bgr: Picture, line: Line) -> None:
    """Draw the followed face's box on the picture."""
    if line.face_box is not None:
        x, y, width, height = line.face_box
        for colour, thickness in (((0, 0, 0), 4), ((80, 255, 120), 2)):
            cv2.rectangle(bgr, (x, y), (x + width, y + height), colour, thickness)
