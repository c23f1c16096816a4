"""The written film of several people: boxes, rows and strips of each, read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from fixtures.people import FPS, RATE_HZ, write_people
from fixtures.verdicts import abstaining, verdict
from fixtures.written import of_film, write_verdicts
from numpy.typing import NDArray

from edge.annotation.film.drawing import GREY, LABEL_BGR
from edge.annotation.film.people_panel import MOST, PeoplePanel
from edge.annotation.film.write import write_film
from edge.annotation.tags import person_bgr
from edge.annotation.verdicts import Verdicts
from edge.recognition.verdict import Verdict
from edge.types import Box

HEIGHT_PX, WIDTH_PX = 288, 352
BOXES: tuple[Box, ...] = ((40, 100, 80, 90), (200, 100, 80, 90))
ROW_PX, SWATCH_PX = 15, 17
"""Of a panel of this width: a row's height, and where the answer's colour begins."""


def of(seq: int, person: int, label: str | None = "happy", box: Box | None = None) -> Verdict:
    return of_film(replace(verdict(seq), person=person, label=label, face_box=box))


def last_picture(folder: Path, verdicts: Sequence[Verdict]) -> NDArray[np.uint8]:
    folder.mkdir(exist_ok=True)
    clip, out = folder / "in.mkv", folder / "out.mp4"
    room = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    write_people(clip, [[room] * FPS], np.zeros(RATE_HZ, np.float32))
    lines = write_verdicts(folder / "v.jsonl", verdicts)
    write_film(clip, Verdicts(lines), frozenset({"vision", "audio"}), out)
    with av.open(str(out)) as film:
        *_, last = film.decode(video=0)
    return np.asarray(last.to_ndarray(format="bgr24"), np.uint8)


def is_like(found: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(found.reshape(-1, 3).astype(int).mean(axis=0) - colour).max() < 35)


def test_each_person_has_a_box_a_row_and_a_strip_in_their_colour(tmp_path: Path) -> None:
    labels = "happy", "sad"
    steps = [
        of(seq, person, labels[person - 1], BOXES[person - 1])
        for seq in range(4)
        for person in (1, 2)
    ]
    seen = last_picture(tmp_path, steps)
    panel = seen[HEIGHT_PX:]
    for place, (x, y, _, height) in enumerate(BOXES):
        mine = person_bgr(place + 1)
        label = LABEL_BGR[("neutral", "happy", "sad").index(labels[place])]
        assert is_like(seen[y + 20 : y + height - 20, x - 1 : x + 1], mine)
        assert is_like(seen[y - 13 : y - 11, x + 2 : x + 40], mine)  # what is written is below
        row = panel[place * ROW_PX + 3 : place * ROW_PX + 14]
        assert is_like(row[:, 1:3], mine) and is_like(row[:, SWATCH_PX : SWATCH_PX + 2], label)
        end = len(panel) - (1 - place) * 9
        strip = panel[end - 7 : end - 5]
        assert is_like(strip[:, 60:300], label)


def test_one_person_has_the_film_of_a_run_without_people(tmp_path: Path) -> None:
    alone = [of(seq, 1, "happy", BOXES[0]) for seq in range(4)]
    plain = [replace(one, person=None) for one in alone]
    films = [last_picture(tmp_path / str(n), steps) for n, steps in enumerate((alone, plain))]
    # The encoder's threads make some 20 of 255; a number at the face would make 100.
    assert np.abs(films[0].astype(int) - films[1]).max() < 50


def test_who_is_withheld_away_or_nobody_is_grey_and_has_no_box(tmp_path: Path) -> None:
    begin = [of(0, 1), of(0, 2)]
    nobody = of_film(replace(abstaining(1), person=None))
    seen = last_picture(tmp_path, [*begin, nobody, of(2, 2, None), of(3, 2, None)])
    panel = seen[HEIGHT_PX:]
    assert is_like(panel[3:14, 1:3], person_bgr(2))
    assert is_like(panel[-7:-5, 300:330], GREY)  # the strip of person 2: withheld
    assert panel[-16:-14, 300:330].max() < 80  # that of person 1: away


@pytest.mark.parametrize("people", [MOST, MOST + 3])
def test_the_panel_of_many_is_bounded_and_says_who_has_no_row(people: int, tmp_path: Path) -> None:
    steps = [of(seq, person) for seq in range(2) for person in range(1, people + 1)]
    # Who is there longest has a strip: person 9 comes last.
    steps += [of(seq, 9) for seq in range(2, 9)]
    verdicts = Verdicts(write_verdicts(tmp_path / "v.jsonl", steps))
    panel = PeoplePanel(720, verdicts)
    assert panel.height_px % 2 == 0 and panel.height_px < 14 * 20
    first, *_, last = verdicts
    drawn = panel.draw(first, 0)
    more = drawn[MOST * 34 + 2 : MOST * 34 + 18, 40:300]
    assert (people == MOST) == (panel.height_px < 230)
    assert people == MOST or more.max() > 200
    assert is_like(drawn[-18:-15, 1:6], person_bgr(9))
    assert is_like(panel.draw(last, 2000)[4:30, 1:6], person_bgr(9))
