"""Several people on the page: who is listed, what is downloaded, and what the picture shows."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from fixtures.verdicts import STEP_NS, abstaining, verdict
from numpy.typing import NDArray

from edge.annotation.tags import person_bgr
from edge.dashboard import tables, wire
from edge.dashboard.board import Board
from edge.dashboard.kept import as_table
from edge.dashboard.people import people
from edge.dashboard.picture import MARK_BGR
from edge.dashboard.pictures import Pictures
from edge.dashboard.present import Present
from edge.recognition.verdict import Verdict
from edge.types import Box, Frame

HELLO = {"about": {}, "picture": True, "keep_pictures_mb": 0}


def of(seq: int, person: int | None, **changes: Any) -> Verdict:
    return replace(verdict(seq), person=person, **changes)


def told(*verdicts: Verdict) -> Board:
    """Each in a message of its own: a step may arrive in parts."""
    board = Board(HELLO)
    for one in verdicts:
        board.take(wire.STEPS, wire.steps([one], {})[wire.HEAD.size :])  # type: ignore[arg-type]
    return board


def listed(present: Present) -> list[tuple[int, int | None]]:
    return [(line["seq"], line.get("person")) for line in present.lines]


def test_everyone_is_listed_also_while_a_step_is_still_arriving() -> None:
    present = Present()
    found = []
    for one in (of(0, 1), of(0, 2), of(0, 4), of(1, 1), of(1, 4), of(2, 4), of(3, None), of(4, 5)):
        present.add(one.to_dict())
        found.append(listed(present))
    assert found[2:5] == [
        [(0, 1), (0, 2), (0, 4)],
        [(1, 1), (0, 2), (0, 4)],
        [(1, 1), (1, 4)],
    ]
    assert found[5:] == [[(2, 4)], [(3, None)], [(4, 5)]]


def test_a_run_of_one_person_is_not_one_of_several() -> None:
    assert not told(of(0, 1), of(1, None), of(2, 1)).present.several
    assert not told(verdict(0), verdict(1)).present.several
    assert told(of(0, 1), of(1, 2)).present.several


def test_the_history_is_of_the_first_person_and_the_downloads_of_all() -> None:
    board = told(of(0, 1), of(0, 2, label="sad"), of(1, 1), of(1, 2, label="sad"))
    assert board.history.newest is not None and board.history.newest["person"] == 1
    assert {stretch.value[0] for stretch in board.history.answers.stretches} == {"happy"}
    lines = [json.loads(line) for line in board.kept.jsonl().splitlines()]
    assert [(one["seq"], one["person"]) for one in lines] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert len(board.kept) == board.kept.seen == 2
    then = board.kept.at(verdict(1).span_ns[1] - STEP_NS // 2)
    assert [(one["seq"], one["person"]) for one in then] == [(0, 1), (0, 2)]
    rows = list(csv.DictReader(io.StringIO(as_table(board.kept.jsonl()).decode())))
    assert [row["label"] for row in rows] == ["happy", "happy"]
    assert tables.kept(2, 2, ended=True, several=True) == "all 2 steps"


def test_a_row_has_number_answer_and_why_a_stream_is_off() -> None:
    second = replace(verdict(0, "not_speaking", "audio", "absent"), person=2, label="sad")
    page = people([of(0, 1).to_dict(), second.to_dict()])
    assert re.findall(r'aria-label="Person (\d)"', page) == ["1", "2"]
    text = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "1 happy 0.80" in text and "2 sad 0.80" in text
    assert text.count("microphone: off, not speaking") == 1
    assert "Nobody" in people([abstaining(0).to_dict()])


def test_the_sentence_says_whose_answer_is_shown_large() -> None:
    two = of(0, 3, faces=2).to_dict()
    assert tables.said(two, False, several=True).startswith(
        "Here, in the timeline and in the words: person 3."
    )
    assert tables.said(two, False) == "All streams are used."
    nearest = replace(verdict(0), faces=2).to_dict()
    assert tables.said(nearest, False).startswith("2 faces; the nearest is tracked.")


def picture(*verdicts: Verdict, live: Box | None = None) -> NDArray[np.uint8]:
    frame = Frame(0, np.full((480, 960, 3), 60, np.uint8), 0)
    pictures = Pictures(lambda: (frame, live), keep=False)
    pictures.tell(verdicts)
    message = pictures.message(watched=True)
    assert message is not None
    jpeg = wire.opened_picture(message[wire.HEAD.size :])[1]
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def has(shown: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(shown.astype(int) - colour).max(axis=2) < 40).sum() > 100)


def test_each_face_in_the_picture_has_a_box_in_the_colour_of_its_person() -> None:
    boxes: tuple[Box, Box] = (100, 150, 160, 200), (600, 150, 160, 200)
    shown = picture(of(0, 1, face_box=boxes[0]), of(0, 2, face_box=boxes[1]), live=boxes[0])
    assert shown.shape == (240, 480, 3)
    left, right = shown[:, :240], shown[:, 240:]
    assert has(left, person_bgr(1)) and not has(left, person_bgr(2))
    assert has(right, person_bgr(2)) and not has(right, person_bgr(1))
    # The second has left; a step of nobody leaves no box.
    shown = picture(of(0, 1), of(0, 2, face_box=boxes[1]), of(1, 1, face_box=boxes[0]))
    assert has(shown, person_bgr(1)) and not has(shown, person_bgr(2))
    shown = picture(of(0, 1), of(0, 2, face_box=boxes[1]), of(1, None), live=boxes[0])
    assert not has(shown, person_bgr(2)) and not has(shown, MARK_BGR)


def test_one_person_has_the_live_box_without_a_number() -> None:
    live: Box = (600, 150, 160, 200)
    alone = picture(of(0, 1, face_box=(0, 0, 50, 50)), live=live)
    assert np.array_equal(alone, picture(verdict(0), live=live)) and has(alone, MARK_BGR)
