"""The dashboard of a run with two people, in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.chromium import new_page
from fixtures.people import RATE_HZ, clip_of, still, write_people

pytestmark = [pytest.mark.slow, pytest.mark.alone]
PEOPLE = "People in the picture, by number"


@pytest.fixture
def address(request: pytest.FixtureRequest, data_dir: Path, tmp_path: Path) -> Iterator[str]:
    """Of a run that has ended, or is about to; the page stays. The parameter: how many people."""
    (left, said), (right, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    columns = [left[:74], still(right[0], 74)][: request.param]
    film = write_people(tmp_path / "film.mkv", columns, said[: 3 * RATE_HZ].astype(np.float32))
    command = [sys.executable, "-m", "edge", "run", "--file", str(film), "--pace", "live"]
    command += ["--people", "all", "--asr", "none", "--dashboard-stay"]
    command += ["--dashboard-at", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        yield next(found[0] for line in run.stderr if (found := re.search(r"http://\S+", line)))
        run.terminate()
        told = run.stderr.read()
        assert run.wait(60) == 0 and "Traceback" not in told, told


def violations(page: Any) -> list[str]:
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make dev")
    found = api.Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


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
    page.get_by_role("slider", name="Time that is shown").focus()
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
