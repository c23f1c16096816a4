"""The dashboard looks back: marks, the arrow keys, the end of a run, downloads."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.played_page import Open, Played, loopback
from fixtures.waiting import eventually

from edge.annotation.look import LABEL_RGB


def test_marks_are_set_by_key_and_by_button_and_are_seen(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.keyboard.press("m")
    eventually(lambda: [one["text"] for one in played.asked] == [""])
    field = page.get_by_label("Text of the next mark")
    field.fill("she smiles, mmm")  # typed text sets no mark
    page.get_by_role("button", name="Mark (m)").click()
    eventually(lambda: [one["text"] for one in played.asked] == ["", "she smiles, mmm"])
    assert field.input_value() == ""
    page.get_by_label("Key m sets a mark").uncheck()
    page.get_by_role("button", name="Mark (m)").focus()
    page.keyboard.press("m")
    played.marks = ["<b>here</b>"]
    page.get_by_label("Marks, newest first").get_by_text("<b>here</b>").wait_for()
    eventually(lambda: page.locator("svg path[stroke-dasharray]").count() == 4)  # one a row
    page.locator("svg text", has_text=re.compile("^now$")).wait_for()
    assert "<b>here</b>" in page.request.get(played.dashboard.url + "verdicts.jsonl").text()
    assert len(played.asked) == 2
    played.dashboard.finish()
    page.get_by_text("The run has ended.").wait_for()
    page.locator("svg text", has_text=re.compile("^now$")).wait_for(state="detached")
    assert not page.get_by_role("button", name="Mark (m)").is_visible()
    assert not page.wrong


@pytest.mark.parametrize("ended", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_one_looks_back_with_the_arrow_keys_and_comes_back(visit: Open, ended: bool) -> None:
    played = Played(keep_pictures_mb=16)
    try:
        played.reason = "dark"
        page = visit(played.dashboard.url)
        page.get_by_text("vision is not used: dark").wait_for()
        time.sleep(0.5)
        played.reason = None
        page.get_by_text("camera: on").wait_for()
        if ended:
            played.stop()
            played.dashboard.finish()
            page.get_by_text("The run has ended.").wait_for()
        slider = page.get_by_role("slider", name="Time that is shown")
        page.wait_for_function("document.querySelector('.slider').ariaValueText?.startsWith('now')")
        slider.focus()
        page.keyboard.press("Home")
        page.get_by_text("camera: off, dark").wait_for()
        page.get_by_text(re.compile(r"You see the run at \S+ \(0\.0 s\), not now\.")).wait_for()
        page.wait_for_function("document.querySelector('img').src.includes('at_ns')")
        page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        assert "(0.0 s): happy" in slider.get_attribute("aria-valuetext")
        assert page.locator("ruby").count() == 0
        assert page.locator(".heard").inner_text() == "so <b>happy</b>"
        page.keyboard.press("ArrowRight")
        page.get_by_text(re.compile(r"You see the run at \S+ \(0\.2 s\), not now\.")).wait_for()
        page.get_by_role("button", name="Back to now").click()
        page.get_by_text("camera: on").wait_for()
        assert not page.get_by_role("button", name="Back to now").is_visible()
        assert not page.wrong
    finally:
        played.close()


@pytest.mark.slow
def test_a_page_that_is_opened_after_the_end_looks_back_too(played: Played, visit: Open) -> None:
    time.sleep(1)
    played.stop()
    played.dashboard.finish()
    for _ in range(4):
        page = visit(played.dashboard.url)
        page.get_by_text("The run has ended.").wait_for()
        page.wait_for_function("document.querySelector('.slider').ariaValueText?.startsWith('now')")
        page.get_by_role("slider", name="Time that is shown").focus()
        page.keyboard.press("Home")
        page.get_by_text(re.compile(r"You see the run at \S+ \(0\.0 s\), not now\.")).wait_for()


def test_no_picture_of_now_is_beside_the_label_of_another_time(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    page.get_by_role("slider", name="Time that is shown").focus()
    page.keyboard.press("Home")
    page.get_by_text("No picture is kept of that time").wait_for()
    assert not page.locator(".picture").is_visible()
    now_ns = played.newest_ns
    url = f"{played.dashboard.url}picture?at_ns="
    assert [page.request.get(f"{url}{one}").status for one in (now_ns, "x")] == [404, 422]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_timeline_is_downloaded_as_a_picture(played: Played, visit: Open, scheme: str) -> None:
    page = visit(played.dashboard.url, color_scheme=scheme)
    page.locator("svg text", has_text=re.compile("^now$")).wait_for()
    page.get_by_text("happy 0.80").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (PNG)").click()
    assert download.value.suggested_filename == "timeline.png"
    bgr = cv2.imread(str(download.value.path()))
    assert bgr is not None
    width = page.locator(".nicegui-echart svg").first.bounding_box()["width"]
    assert abs(bgr.shape[1] - 2 * (width + 24)) <= 2
    # On the page's ground, with the band in the label's colour and text in the page's ink.
    assert (bgr[0, 0] < 64).all() if scheme == "dark" else (bgr[0, 0] > 200).all()
    happy = np.array([int(LABEL_RGB[1][i : i + 2], 16) for i in (5, 3, 1)])
    assert (np.abs(bgr.astype(int) - happy).sum(axis=2) < 12).sum() > 500
    drawn = np.abs(bgr.astype(int) - bgr[0, 0].astype(int)).sum(axis=2)
    assert (drawn[24:60] > 400).sum() > 100  # the title, above the chart
    assert not page.wrong
    assert not [url for url in page.asked if not loopback(url)]


def test_the_whole_run_can_be_seen_while_it_runs(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    clock = page.locator("svg text", has_text=re.compile(r"^\d\d:\d\d:\d\d$"))
    clock.first.wait_for()
    assert all(text.endswith("0") for text in clock.all_text_contents())  # every ten seconds
    page.get_by_role("button", name="Whole run").click()
    eventually(lambda: any(not text.endswith("0") for text in clock.all_text_contents()))
    assert page.get_by_role("button", name="Whole run").get_attribute("aria-pressed") == "true"


@pytest.mark.slow
def test_a_clip_is_still_there_after_its_end(visit: Open) -> None:
    clip = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
    command = [sys.executable, "-m", "edge", "run", "--file", str(clip), "--seconds", "3"]
    command += ["--dashboard-at", "127.0.0.1:0", "--dashboard-stay", "--set", "asr.engine=none"]
    command += ["--pace", "fast"]  # live, a busy machine may skip a step
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        told = ""
        while "The page stays" not in told:
            line = run.stderr.readline()
            assert line, told
            told += line
        url = told.split()[-1]
        assert "12 verdicts" in told  # the summary is there before the waiting
        page = visit(url)
        page.get_by_text("The run has ended.").wait_for()
        assert "all 12 verdicts" in page.inner_text("body")
        assert page.get_by_role("button", name="Whole run").get_attribute("aria-pressed") == "true"
        with page.expect_download() as download:
            page.get_by_text("Table (CSV)").click()
        assert len(Path(download.value.path()).read_text().splitlines()) == 13
        assert len(page.request.get(url + "verdicts.jsonl").text().splitlines()) == 12
        assert run.poll() is None
        page.close()
        assert run.wait(30) == 0


def test_the_page_says_when_the_run_has_ended(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    played.close()
    page.get_by_text("The run has ended.").wait_for(timeout=5000)
    assert "what is shown stays" in page.get_by_role("status").inner_text()
    assert page.get_by_role("button", name="Pause").count() == 0
    # Nothing covers what is shown when the connection is lost.
    page.wait_for_function("document.getElementById('popup').ariaHidden == 'false'")
    assert not page.locator("#popup").is_visible()
