"""Draws below each picture: the answer, a chip for each stream, and the whole film as a strip."""

from __future__ import annotations

import cv2
import numpy as np

from edge.annotation.film.drawing import (
    GREEN,
    GREY,
    GROUND,
    INK,
    RED,
    Picture,
    colour_of,
    draw_span,
    off_rows,
    said,
    unit_of,
    write,
)
from edge.annotation.lines import Line
from edge.annotation.look import PEOPLE_SAY
from edge.annotation.verdicts import Moment, Verdicts
from edge.types import STREAMS

MIN_WIDTH_PX = 320
"""Of the picture with its panel: below it no chip can be read."""


class Panel:
    """The part below the pictures, as wide as they are.

    It is drawn again only when the verdict changes; the mark on the strip moves with each picture.
    """

    def __init__(self, width_px: int, verdicts: Verdicts) -> None:
        unit = unit_of(width_px)
        self._unit, self.height_px = unit, 2 * round(3.2 * unit)
        self._width_px = width_px
        self._labels = verdicts.labels
        self._name = f"{verdicts.number.name}: " if verdicts.number else ""
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
        answer, ink = said(line, self._labels), GREY
        if not line.unsure:
            answer, ink = f"{self._name}{answer}", INK
            panel[unit // 3 : unit * 2, : unit // 2] = colour_of(line, self._labels)
        write(panel, answer, (unit, round(1.7 * unit)), self._width_px - unit, unit * 1.5, ink)
        for place, name in enumerate(reversed(STREAMS)):
            stream, x = line.streams[name], place * third
            used = stream.state == "used"
            told = ("on" if used else "off") + (f", {stream.reason}" if stream.reason else "")
            fill = GREEN if used else RED if stream.reason else GREY
            panel[round(2.3 * unit) : round(3.9 * unit), x + 2 : x + third - 2] = fill
            chip = f"{PEOPLE_SAY[name]}: {told}"
            at = x + unit // 2, round(3.4 * unit)
            write(panel, chip, at, third - unit, unit, INK)
        return panel

    def _whole(self, verdicts: Verdicts) -> Picture:
        """The answers of the whole film above a thin row for each stream, red where it is off."""
        rows = [
            (m.begin_ms, m.end_ms, colour_of(m.line, self._labels), off_rows(m.line))
            for m in verdicts
        ]
        self._end_ms = max(1, max((end for _, end, _, _ in rows), default=1))
        strip: Picture = np.full((2 * self._unit, self._width_px, 3), GROUND, np.uint8)
        for begin_ms, end_ms, colour, off in rows:
            x0, x1 = (round(t / self._end_ms * self._width_px) for t in (begin_ms, end_ms))
            draw_span(strip, (x0, x1), colour, off, max(2, self._unit // 4))
        return strip


def mark_face(bgr: Picture, line: Line) -> None:
    """Draw the followed face's box on the picture."""
    if line.face_box is not None:
        x, y, width, height = line.face_box
        for colour, thickness in (((0, 0, 0), 4), ((80, 255, 120), 2)):
            cv2.rectangle(bgr, (x, y), (x + width, y + height), colour, thickness)
