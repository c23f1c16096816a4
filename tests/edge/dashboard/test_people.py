"""Several people on the page: who is listed, what is downloaded, and what the picture shows."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from fixtures.verdicts import STEP_NS, verdict
from numpy.typing import NDArray

from edge.annotation.tags import person_bgr
from edge.dashboard import tables, wire
from edge.dashboard.board import Board
from edge.dashboard.charts import timeline
from edge.dashboard.faces import place
from edge.dashboard.happened import Happened
from edge.dashboard.histories import PEOPLE_LIMIT, Histories
from edge.dashboard.kept import as_table
from edge.dashboard.picture import MARK_BGR
from edge.dashboard.pictures import Pictures
from edge.dashboard.present import Present
from edge.recognition.mark import Mark
from edge.recognition.verdict import Verdict
from edge.types import Box, Frame

HELLO = {"about": {}, "picture": True, "keep_pictures_mb": 0}
EVENT = Happened(verdict(1).span_ns[1], "engine", "The next engine takes over.")


def of(seq: int, person: int | None, **changes: Any) -> Verdict:
    return replace(verdict(seq), person=person, **changes)


def told(*verdicts: Verdict) -> Board:
    """Each in a message of its own: a step may arrive in parts."""
    board = Board(HELLO)
    for one in verdicts:
        board.take(wire.STEPS, wire.steps([one], {})[wire.HEAD.size :])  # type: ignore[arg-type]
    return board


def said_by(board: Board, person: int | None) -> set[str | None]:
    history = board.histories.of(person)
    assert history is not None
    return {stretch.value[0] for stretch in history.answers.stretches}


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


def test_the_history_is_of_the_first_person_unless_one_is_chosen_and_the_downloads_of_all() -> None:
    board = told(of(0, 1), of(0, 2, label="sad"), of(1, 1), of(1, 2, label="sad"))
    assert board.history.newest is not None and board.history.newest["person"] == 1
    assert said_by(board, None) == said_by(board, 1) == {"happy"}
    assert said_by(board, 2) == {"sad"}
    lines = [json.loads(line) for line in board.kept.jsonl().splitlines()]
    assert [(one["seq"], one["person"]) for one in lines] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert len(board.kept) == board.kept.seen == 2
    then = board.kept.at(verdict(1).span_ns[1] - STEP_NS // 2)
    assert [(one["seq"], one["person"]) for one in then] == [(0, 1), (0, 2)]
    rows = list(csv.DictReader(io.StringIO(as_table(board.kept.jsonl()).decode())))
    assert [row["label"] for row in rows] == ["happy", "happy"]
    assert tables.kept(2, 2, ended=True, several=True) == "all 2 steps"


def test_all_histories_have_one_time_axis_with_the_marks_and_events_of_the_run() -> None:
    marks = (Mark(verdict(2).span_ns[1], "now"),)
    steps = [of(0, 1), of(1, 1), of(1, 2), of(2, 1, marks=marks), of(2, 2, marks=marks), of(9, 1)]
    board = told(*steps)
    board.take(wire.HAPPENED, wire.happened(EVENT)[wire.HEAD.size :])
    first, second = board.histories.of(None), board.histories.of(2)
    assert first is not None and second is not None
    assert second.now_s == first.now_s == 9 * STEP_NS / 1e9
    assert second.points["vision"][0].t_s == second.answers.stretches[0].start_s == STEP_NS / 1e9
    for history in (first, second):
        assert [mark.text for mark in history.marks] == ["now"]
        assert [event.text for event in history.happened] == [EVENT.sentence]


def test_the_last_minute_of_who_has_left_ends_where_they_left() -> None:
    minute = round(60e9 / STEP_NS)
    board = told(of(0, 1), of(0, 2), of(1, 2), *(of(seq, 1) for seq in (4, minute + 1)))
    second = board.histories.of(2)
    assert second is not None
    series = {one["name"]: one["data"] for one in timeline(second, whole=False)["series"]}
    assert [t_s for t_s, _ in series["vision"]] == [STEP_NS / 1e9]


def test_the_history_of_who_was_seen_longest_ago_is_dropped_first() -> None:
    histories = Histories()
    for person in range(1, PEOPLE_LIMIT + 2):
        for one in (of(person, 1), of(person, person)):
            histories.add(one.to_dict(), is_first=one.person == 1)
    assert histories.of(1) is not None and histories.of(2) is None
    assert histories.of(3) is not None and histories.of(None) is histories.first


def test_a_button_lies_on_its_face_and_within_the_picture() -> None:
    assert place((160, 120, 320, 240), (640, 480)) == (
        "left: 25.0%; top: 25.0%; width: 50.0%; height: 50.0%"
    )
    assert place((-64, 432, 128, 96), (640, 480)) == (
        "left: 0.0%; top: 90.0%; width: 10.0%; height: 10.0%"
    )


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
    jpeg = wire.opened_picture(message[wire.HEAD.size :])[2]
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
