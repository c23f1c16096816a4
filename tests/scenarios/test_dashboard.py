"""The dashboard in a real browser: what is on the page."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from fixtures.played_page import Open, Played, loopback
from fixtures.verdicts import verdict
from fixtures.waiting import eventually

from edge.dashboard.happened import Happened

SECONDS = 20
"""Of the demo: the camera is dark from 5 to 8 s."""


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of a demo that is running."""
    command = [sys.executable, "-m", "edge", "demo", "--seconds", str(SECONDS)]
    with subprocess.Popen(
        [*command, "--dashboard-at", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        url = next(found[0] for line in run.stderr if (found := re.search(r"http://\S+", line)))
        yield url
        begun_s = time.monotonic()
        run.send_signal(signal.SIGINT)
        told = run.stderr.read()
        assert run.wait(10) == 0, told
        assert time.monotonic() - begun_s < 5
        assert "verdicts" in told and "Traceback" not in told


def test_a_stream_is_seen_to_be_dropped_and_to_come_back(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    state = page.locator("tr", has=page.get_by_role("rowheader", name="vision")).locator("td")
    state.nth(0).get_by_text("used", exact=True).wait_for()
    played.reason = "dark"
    state.nth(0).get_by_text("dropped").wait_for()
    state.nth(1).get_by_text("dark", exact=True).wait_for()
    page.get_by_role("status").get_by_text("vision is not used: dark").wait_for()
    played.reason = None
    state.nth(0).get_by_text("used", exact=True).wait_for()
    assert not page.wrong


@pytest.mark.alone  # a live demo beside a browser: 20 s of which none may be missed
@pytest.mark.slow
def test_the_history_of_a_run_is_on_the_page(demo: str, visit: Open) -> None:
    page = visit(demo)
    # Also for a page that opens after the camera was dark.
    page.wait_for_function("document.body.innerText.includes('vision is dropped: dark')")
    # Written into the shaded span of the timeline, once it is wide enough to hold a word.
    page.locator("svg text", has_text=re.compile("^dark$")).wait_for()
    page.wait_for_function("document.body.innerText.includes('vision is used again')")
    assert not page.wrong
    assert page.asked
    assert not [url for url in page.asked if not loopback(url)]


def test_everything_is_there(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    assert "p95" not in page.inner_text("body")  # latency is folded away
    page.get_by_text("Latency, ms").click()
    page.get_by_role("columnheader", name="p95, ms").wait_for()
    text = page.inner_text("body")
    for part in ("a <bundle> on CPU", "<b>happy</b>", "0.50", "lost", "Latency", "p95", "coverage"):
        assert part in text, part
    image = page.locator("img").first
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    first = image.get_attribute("src")
    page.wait_for_function(f"document.querySelector('img').src.indexOf({first!r}) < 0")
    assert not page.wrong
    assert not [url for url in page.asked if not loopback(url)]


def test_the_face_is_marked_in_the_picture(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    body = page.request.get(played.dashboard.url + "picture").body()
    bgr = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    edge = bgr[30, 50:80].astype(int)
    assert (edge[:, 1] - edge[:, 2]).mean() > 60  # green, which the noise beside it is not


@pytest.mark.slow
def test_the_picture_can_be_left_out(visit: Open) -> None:
    played = Played(picture=False)
    try:
        page = visit(played.dashboard.url)
        page.get_by_text("happy 0.80").wait_for()
        assert page.locator("img").count() == 0
        assert page.request.get(played.dashboard.url + "picture").status == 404
        assert "switched off" in page.inner_text("body")
    finally:
        played.close()


@pytest.mark.slow
def test_no_picture_is_encoded_while_no_page_is_open(played: Played, visit: Open) -> None:
    # The page of an earlier test may still be closing.
    eventually(lambda: not played.dashboard._process.watched)
    page = visit(played.dashboard.url)
    eventually(lambda: played.dashboard._process.watched)
    page.close()
    eventually(lambda: not played.dashboard._process.watched)


def test_level_and_load_are_shown_while_it_runs(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    part = page.get_by_role("region", name="Level and load")
    for text in ("-23 dBFS", "30, 12 looked at", "1.3 of 2 processors", "87% busy"):
        part.get_by_text(text).wait_for()
    assert part.get_by_role("meter", name="Sound level").get_attribute("value") == "0.61"
    assert part.get_by_role("rowheader", name="faces").count() == 1
    assert "too busy" not in part.inner_text() and "clipped" not in part.inner_text()
    played.load |= {"clipped": True, "too_busy": ["sound is left out"]}
    part.get_by_text("This machine is too busy: sound is left out.").wait_for()
    part.get_by_text("clipped").wait_for()
    played.dashboard.finish()
    part.wait_for(state="hidden")
    assert not page.wrong


def test_what_an_answer_means_is_told_with_the_model_card(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url, color_scheme="light")
    page.get_by_text("About", exact=True).click()
    page.get_by_text("their guess, not what the person feels").wait_for()
    page.get_by_text("cdat-edge 9.8; model: a <bundle>").wait_for()
    card = page.get_by_role("region", name="Model card")
    card.get_by_role("heading", level=3, name="Card of a model").wait_for()
    assert card.get_by_role("cell", name="2").count() == 1
    assert card.locator("script").count() == 0
    page.get_by_label("Light or dark").select_option("dark")
    page.locator("body.body--dark").wait_for()
    page.reload()
    page.locator("body.body--dark").wait_for()
    page.get_by_text("About", exact=True).click()
    assert page.get_by_label("Light or dark").input_value() == "dark"
    page.get_by_label("Light or dark").select_option("as the system")
    page.locator("body.body--light, body:not(.body--dark)").wait_for()
    assert not page.wrong


def test_an_event_of_the_run_is_listed_and_named_below_the_band(
    played: Played, visit: Open
) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    now_ns = verdict(played._seq).span_ns[1]
    played.dashboard.happened(Happened(now_ns, "device_lost", "camera <0> is lost."))
    listed = page.get_by_label("What happened, newest first").get_by_role("listitem")
    listed.get_by_text("camera <0> is lost.").wait_for()
    assert re.match(r"\d\d:\d\d:\d\d \(\d+\.\d s\): camera", listed.first.inner_text())
    page.locator("svg text", has_text="device lost").wait_for()
    eventually(lambda: page.locator("svg path[stroke-dasharray]").count() == 4)  # one a row
    assert not page.wrong


def test_a_drop_jumps_out(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("camera: on").wait_for()
    assert page.locator(".picture.is-dropped").count() == 0
    played.reason = "dark"
    page.get_by_text("camera: off, dark").wait_for()
    page.locator(".picture.is-dropped").wait_for()
