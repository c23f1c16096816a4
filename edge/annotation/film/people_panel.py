"""Draws below each picture of several people: a row and a strip of time for each."""

from __future__ import annotations

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
from edge.annotation.tags import BLACK, Tag, draw_tags, person_bgr
from edge.annotation.verdicts import Moment, Verdicts
from edge.types import STREAMS

MOST = 4
"""Rows, and strips: the panel of more would be higher than the picture."""
FREE = (44, 44, 44)
"""Of a strip, while the person is away."""


class PeoplePanel:
    """The part below the pictures, as wide as they are.

    Rows are of the first `MOST` people of a step, strips of the `MOST` that are there longest. It
    is drawn again only when the verdicts change; the mark on the strips moves with each picture.
    """

    def __init__(self, width_px: int, verdicts: Verdicts) -> None:
        self._unit = unit = unit_of(width_px)
        self._width_px, self._labels = width_px, verdicts.labels
        self._row_px, self._strip_px, self._left_px = round(1.7 * unit), unit, round(1.8 * unit)
        longest = sorted(verdicts.people.items(), key=lambda one: (-one[1], one[0]))
        self._shown_on_time = sorted(number for number, _ in longest[:MOST])
        self._most, self._end_ms = 1, 1
        for moment in verdicts:
            self._most = max(self._most, len(moment.everyone))
            self._end_ms = max(self._end_ms, moment.end_ms)
        self._strips = self._times(verdicts)
        rows = min(self._most, MOST) * self._row_px + (unit if self._most > MOST else 0)
        self.height_px = (rows + unit // 3 + len(self._strips) + 1) // 2 * 2
        self._shown: tuple[int | None, Picture] | None = None

    def draw(self, moment: Moment | None, time_ms: float) -> Picture:
        """(height, width, 3) BGR. `moment` is None where there is no verdict."""
        seq = None if moment is None else moment.line.seq
        if self._shown is None or self._shown[0] != seq:
            self._shown = seq, self._still(() if moment is None else moment.everyone)
        panel = self._shown[1].copy()
        x = min(self._width_px - 2, self._x(time_ms))
        panel[-len(self._strips) :, max(0, x - 1) : x + 3] = GROUND  # it is seen on white as well
        panel[-len(self._strips) :, x : x + 2] = INK
        return panel

    def _still(self, people: tuple[Line, ...]) -> Picture:
        panel: Picture = np.full((self.height_px, self._width_px, 3), GROUND, np.uint8)
        panel[-len(self._strips) :] = self._strips
        for place, line in enumerate(people[:MOST]):
            self._draw_row(panel[place * self._row_px : (place + 1) * self._row_px], line)
        if more := people[MOST:]:
            text = f"and {len(more)} more: " + ", ".join(str(line.person) for line in more)
            at = self._left_px, round(MOST * self._row_px + 0.8 * self._unit)
            write(panel, text, at, self._width_px - self._left_px, 0.8 * self._unit, INK)
        return panel

    def _draw_row(self, row: Picture, line: Line) -> None:
        """Number, answer, and a chip for each stream: its name, and why it is not used."""
        unit, base = self._unit, round(1.25 * self._unit)
        self._number(row[2:], line.person)
        answer_px = (self._width_px - self._left_px) // 3
        if not line.unsure:
            row[2:, self._left_px : self._left_px + unit // 2] = colour_of(line, self._labels)
        at, room = (self._left_px + unit, base), answer_px - unit - unit // 2
        write(row, said(line, self._labels), at, room, 1.1 * unit, GREY if line.unsure else INK)
        begin_px = self._left_px + answer_px
        third = (self._width_px - begin_px) // len(STREAMS)
        for place, name in enumerate(reversed(STREAMS)):
            stream, x = line.streams[name], begin_px + place * third
            fill = GREEN if stream.state == "used" else RED if stream.reason else GREY
            row[2:, x + 2 : x + third - 2] = fill
            chip = PEOPLE_SAY[name] + (f": {stream.reason}" if stream.reason else "")
            write(row, chip.replace("_", " "), (x + unit // 2, base), third - unit, 0.9 * unit, INK)

    def _number(self, row: Picture, person: int | None) -> None:
        """In the person's colour on the left; grey for a voice without a face."""
        row[:, : self._left_px - 4] = GREY if person is None else person_bgr(person)
        if person is not None:
            size = min(self._unit, 0.85 * len(row))
            at = self._unit // 2, round(len(row) / 2 + 0.38 * size)
            write(row, str(person), at, self._left_px - 4 - self._unit // 2, size, BLACK)

    def _times(self, verdicts: Verdicts) -> Picture:
        """A strip for each person, one below the other."""
        tall = self._strip_px
        strips: Picture = np.full(
            (tall * max(1, len(self._shown_on_time)), self._width_px, 3), GROUND, np.uint8
        )
        for place, person in enumerate(self._shown_on_time):
            strip = strips[place * tall + 1 : (place + 1) * tall]
            strip[:, self._left_px :] = FREE
            self._number(strip, person)
        for moment in verdicts:
            span = self._x(moment.begin_ms), self._x(moment.end_ms)
            for line in moment.everyone:
                if line.person in self._shown_on_time:
                    place = self._shown_on_time.index(line.person)
                    strip = strips[place * tall + 1 : (place + 1) * tall]
                    colour = colour_of(line, self._labels)
                    draw_span(strip, span, colour, off_rows(line), max(1, tall // 8))
        return strips

    def _x(self, time_ms: float) -> int:
        room_px = self._width_px - self._left_px
        return self._left_px + round(time_ms / self._end_ms * room_px)


def mark_people(bgr: Picture, people: tuple[Line, ...], labels: tuple[str, ...]) -> None:
    """Draw each person's box on the picture, with number and answer."""
    draw_tags(
        bgr,
        [
            Tag(line.face_box, line.person, said(line, labels))
            for line in people
            if line.face_box is not None and line.person is not None
        ],
    )
