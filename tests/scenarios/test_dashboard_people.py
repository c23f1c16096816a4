"""The dashboard of a run with two people, in a real browser."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.chromium import new_page
from fixtures.people import RATE_HZ, clip_of, still, write_people

pytestmark = [pytest.mark.slow, pytest.mark.alone]
PEOPLE = "People in the picture, by number"


@contextmanager
def page_of(film: Path) -> Iterator[str]:
    """The address of a run that has ended, or is about to; the page stays."""
    command = [sys.executable, "-m", "edge", "run", "--file", str(film), "--pace", "live"]
    command += ["--people", "all", "--asr", "none", "--dashboard-stay"]
    command += ["--dashboard-at", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        yield next(found[0] for line in run.stderr if (found := re.search(r"http://\S+", line)))
        run.terminate()
        told = run.stderr.read()
        assert run.wait(60) == 0 and "Traceback" not in told, told


@pytest.fixture
def address(request: pytest.FixtureRequest, data_dir: Path, tmp_path: Path) -> Iterator[str]:
    """The parameter: how many people."""
    (left, said), (right, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    columns = [left[:74], still(right[0], 74)][: request.param]
    film = write_people(tmp_path / "film.mkv", columns, said[: 3 * RATE_HZ].astype(np.float32))
    with page_of(film) as found:
        yield found


@pytest.fixture
def left_alone(data_dir: Path, tmp_path: Path) -> Iterator[str]:
    """Person 2 speaks for six seconds; person 1 is there for the first three of them."""
    (left, said), (right, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    there = still(right[0], 74)
    columns = [[*left[:74], *left[:74]], [*there, *[np.full_like(there[0], 90)] * 74]]
    sound = np.tile(said[: 3 * RATE_HZ], 2).astype(np.float32)
    with page_of(write_people(tmp_path / "film.mkv", columns, sound)) as found:
        yield found


def violations(page: Any) -> list[str]:
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make dev")
    found = api.Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


def slider_of_the_whole_run(page: Any) -> Any:
    """Until the end of the run it reaches over a minute."""
    page.wait_for_function("() => +document.querySelector('.slider').max < 30")
    return page.get_by_role("slider", name="Time that is shown")


@pytest.mark.parametrize("address", [2], indirect=True)
def test_each_person_is_listed_now_and_when_looking_back(address: str, chromium: Any) -> None:
    page = new_page(chromium, viewport={"width": 1280, "height": 900})
    page.goto(address)
    people = page.get_by_role("list", name=PEOPLE)
    people.get_by_label("Person 2").wait_for()
    page.get_by_text("The run has ended").wait_for()
    assert people.get_by_label("Person 1").is_visible()
    assert people.get_by_text("microphone: off, not speaking").count() == 1
    assert page.get_by_role("img", name="each face has a box").is_visible()
    slider_of_the_whole_run(page).focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Here, in the timeline and in the words: person 1.").wait_for()
    assert people.get_by_label("Person 2").is_visible()
    assert violations(page) == []
    lines = page.request.get(address.rstrip("/") + "/verdicts.jsonl").text().splitlines()
    assert {json.loads(line).get("person") for line in lines} >= {1, 2}
    page.context.close()


@pytest.mark.parametrize("address", [1], indirect=True)
def test_one_person_has_the_page_of_a_run_without_people(address: str, chromium: Any) -> None:
    page = new_page(chromium, viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.get_by_text("The run has ended").wait_for()
    assert not page.get_by_text("People in the picture").is_visible()
    assert page.locator(".now .person").count() == 0
    assert page.get_by_role("img", name="a green box marks the tracked face").is_visible()
    page.context.close()


@pytest.mark.parametrize("address", [2], indirect=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_click_on_a_face_or_a_row_shows_the_history_of_that_person(
    address: str, chromium: Any, scheme: str
) -> None:
    page = new_page(chromium, viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.goto(address)
    page.get_by_text("The run has ended").wait_for()
    whose = page.locator(".now .label")
    faces = page.get_by_role("group", name="Faces in the picture")
    rows = page.get_by_role("list", name=PEOPLE)
    whose.get_by_label("Person 1").wait_for()
    # The second one is on the left half of the picture, and is the one who speaks.
    happened = page.get_by_role("list", name="What happened").get_by_text("audio is used")
    assert happened.count() == 0
    page.wait_for_function("() => document.querySelector('.picture img')?.naturalHeight > 0")
    picture, box = (one.bounding_box() for one in (page.locator(".picture"), faces))
    face = faces.get_by_role("button", name="Person 2").bounding_box()
    assert box["height"] == pytest.approx(picture["height"], abs=2)
    middle = face["x"] + face["width"] / 2 - picture["x"]
    assert 0 < middle < picture["width"] / 2
    page.mouse.click(face["x"] + face["width"] / 2, face["y"] + face["height"] / 2)
    whose.get_by_label("Person 2").wait_for()
    happened.first.wait_for()
    assert page.locator(".now .chips").get_by_text("microphone: on").is_visible()
    page.get_by_role("heading", name="Emotion over time").filter(has_text="person 2").wait_for()
    with page.expect_download() as got:
        page.get_by_role("link", name="Table (CSV) of person 2").click()
    table = list(csv.DictReader(got.value.path().read_text("utf-8").splitlines()))
    lines = page.request.get(address.rstrip("/") + "/verdicts.jsonl").text().splitlines()
    own = [one for one in map(json.loads, lines) if one.get("person") == 2]
    assert [int(row["seq"]) for row in table] == [one["seq"] for one in own]
    absent = page.request.get(address.rstrip("/") + "/verdicts.csv?person=99")
    assert (absent.status, absent.text()) == (404, "No verdict of person 99 is kept.\n")
    for place in (faces, rows):
        place.get_by_role("button", name="Person 2", pressed=True).wait_for()
        assert place.get_by_role("button", pressed=True).count() == 1
    assert violations(page) == []
    # By the keyboard, and twice is back to the first one.
    row = rows.get_by_role("button", name="Person 1")
    row.focus()
    page.keyboard.press("Enter")
    whose.get_by_label("Person 1").wait_for()
    assert happened.count() == 0
    page.keyboard.press("Space")
    rows.get_by_role("button", name="Person 1", pressed=False).wait_for()
    assert row.evaluate("e => e === document.activeElement")
    page.context.close()


def test_who_is_chosen_and_has_left_keeps_a_timeline(left_alone: str, chromium: Any) -> None:
    page = new_page(chromium, viewport={"width": 390, "height": 844})
    page.goto(left_alone)
    page.get_by_text("The run has ended").wait_for()
    whose = page.locator(".now .label")
    whose.get_by_label("Person 2").wait_for()
    row = page.get_by_role("list", name=PEOPLE).get_by_role("button", name="Person 1")
    assert row.count() == 0
    slider_of_the_whole_run(page).focus()
    page.keyboard.press("Home")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.get_by_text("Here, in the timeline and in the words: person 1.").wait_for()
    row.click()
    row.and_(page.get_by_role("button", pressed=True)).wait_for()
    page.get_by_role("button", name="Back to now").click()
    whose.get_by_text("not in the picture").wait_for()
    assert whose.get_by_label("Person 1").is_visible()
    row.and_(page.get_by_role("button", pressed=True)).wait_for()  # who is on it keeps the focus
    page.get_by_role("img", name="Timeline").get_by_text("no face").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Back to the first person").click()
    whose.get_by_label("Person 2").wait_for()
    row.wait_for(state="detached")
    page.context.close()
