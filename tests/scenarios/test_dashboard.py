"""The dashboard in a real browser: by day, by night, on a phone, by keyboard, read aloud."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fixtures.chromium import new_page
from fixtures.verdicts import verdict
from fixtures.waiting import eventually

from edge.annotation.look import LABEL_RGB
from edge.config import DashboardConfig
from edge.dashboard.happened import Happened
from edge.dashboard.sink import Dashboard
from edge.recognition.mark import Mark
from edge.types import Frame

Open = Callable[..., Any]
CARD = "# Card of a model\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>alert(1)</script>\n"
SECONDS = 20
"""Of the demo: the camera is dark from 5 to 8 s."""


@pytest.fixture
def visit(chromium: Any) -> Iterator[Open]:
    """Open a page in a fresh window; every request that it makes is noted."""
    contexts = []

    def call(url: str, **window: Any) -> Any:
        page = new_page(chromium, **window)
        contexts.append(page.context)
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("websocket", lambda socket: page.asked.append(socket.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto(url)
        return page

    yield call
    for context in contexts:
        context.close()


class Played:
    """A dashboard fed by hand, ten steps a second, with a picture that moves."""

    def __init__(self, **config: Any) -> None:
        self.reason: str | None = None
        self.load: dict[str, Any] = {
            **{"level_dbfs": -23.4, "peak_dbfs": -9.0, "clipped": False},
            **{"frames_seen_hz": 30.2, "frames_used_hz": 12.0, "too_busy": []},
            **{"cpu_run": 1.26, "cpu_machine": 0.87, "processors": 2},
        }
        self.marks: list[str] = []
        """Of the next step."""
        self._image = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
        given = DashboardConfig.model_validate({"address": "127.0.0.1:0", **config})
        about = {"bundle": "a <bundle>", "device": "CPU", "sources": "by hand"}
        about |= {"version": "9.8", "card": CARD}
        self.asked: list[Mapping[str, Any]] = []
        self.dashboard = Dashboard(
            given,
            about,
            self._newest,
            lambda: Counter(lost=3),
            print,
            act=self._act,
            load=lambda: dict(self.load),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._seq = 0
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join()

    def close(self) -> None:
        self.stop()
        self.dashboard.close()

    def _act(self, request: Mapping[str, Any]) -> None:
        self.asked.append(request)

    def _newest(self) -> tuple[Frame, tuple[int, int, int, int]]:
        moved = np.roll(self._image, self._seq, axis=1)
        self.newest_ns = verdict(self._seq).span_ns[1]
        return Frame(self.newest_ns, moved, self._seq), (40, 30, 50, 50)

    def _play(self) -> None:
        while not self._stop.wait(0.1):
            one = verdict(self._seq, self.reason)
            texts, self.marks = self.marks, []
            marks = tuple(Mark(one.span_ns[1] - 100_000_000, text) for text in texts)
            self.dashboard.write(replace(one, marks=marks))
            self._seq += 1


@pytest.fixture
def played() -> Iterator[Played]:
    one = Played()
    yield one
    one.close()


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


def loopback(url: str) -> bool:
    return re.match(r"(data:|blob:|(http|ws)://127\.0\.0\.1:\d+/)", url) is not None


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


def test_a_phone_scrolls_down_and_never_sideways(played: Played, visit: Open) -> None:
    played.reason = "unreliable"
    page = visit(played.dashboard.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page.get_by_text("unreliable").first.wait_for()
    page.locator("svg text").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.evaluate(
        "[...document.querySelectorAll('section *')].filter(e => e.getClientRects().length"
        " && e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 80))"
    )
    assert not wide


def test_it_is_used_by_keyboard_alone(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Pause"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Resume").wait_for()
    assert page.get_by_role("button", name="Resume").get_attribute("aria-pressed") == "true"
    played.reason = "dark"
    time.sleep(1)
    assert "dark" not in page.inner_text("body")  # what is shown stands still
    page.keyboard.press("Space")
    page.get_by_text("vision is dropped: dark").wait_for()
    focused = []
    for _ in range(15):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate("(e => e.ariaLabel || e.innerText || e.value)(document.activeElement)")
        )
    assert focused == [
        "Stop the run",
        "Whole run",
        "Time that is shown",
        "What happened, newest first",
        "Table (CSV)",
        "JSON lines",
        "Picture (PNG)",
        "Text of the next mark",
        "Mark (m)",
        "on",
        "Marks, newest first",
        "Latency, ms",
        "Change now",
        "Devices and settings",
        "About",
    ]


def test_a_screen_reader_is_told_what_things_are(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.get_by_text("-23 dBFS").wait_for()
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).inner_text() == "cdat-edge"
    assert page.get_by_role("heading", level=2).count() == 10
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"
    assert page.get_by_role("table", name="Streams").count() == 1
    assert page.get_by_role("meter", name="happy").count() == 1
    page.get_by_text("Latency, ms").click()
    for name in ("Timeline", "Bar", "The newest picture"):
        assert page.get_by_role("img", name=re.compile(f"^{name}")).count() == 1, name
    assert page.evaluate("document.documentElement.lang") == "en-US"


CONTRAST = """() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = text => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = text; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => {
    const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; }
    return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
    const seen = e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
    if (!own || !seen || e.closest('style, script, .nicegui-skip-link')) continue;
    const style = getComputedStyle(e);
    const ink = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(rgb(ink)), light(ground(e))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), e.textContent.trim().slice(0, 40), ink]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""
"""Contrast of each text with what lies behind it, as WCAG 2.2 defines it, least first."""


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_all_text_has_contrast_in_light_and_dark(played: Played, visit: Open, scheme: str) -> None:
    played.reason = "dark"
    page = visit(played.dashboard.url, color_scheme=scheme)
    page.get_by_text("vision is not used: dark").wait_for()
    page.locator("svg text").first.wait_for()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 64) == (scheme == "dark")
    found = page.evaluate(CONTRAST)
    assert len(found) > 40
    assert found[0][0] >= 4.5, found[:5]


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


def test_the_run_is_stopped_after_a_question(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.get_by_role("button", name="Stop the run").click()
    dialog = page.get_by_role("dialog", name="Stop the run?")
    dialog.wait_for()
    assert page.evaluate("document.activeElement.innerText") == "Go on"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert not played.asked
    page.get_by_role("button", name="Stop the run").click()
    dialog.get_by_role("button", name="Stop", exact=True).click()
    eventually(lambda: [one["act"] for one in played.asked] == ["stop"])
    dialog.get_by_text("The run is stopping").wait_for()
    played.dashboard.finish()
    dialog.wait_for(state="hidden")
    assert not page.get_by_role("button", name="Stop the run").is_visible()
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


def test_a_page_without_permission_sets_no_marks(visit: Open) -> None:
    played = Played(control=False)
    try:
        page = visit(played.dashboard.url)
        page.get_by_text("takes no marks").wait_for()
        page.keyboard.press("m")
        for name in ("Mark (m)", "Stop the run"):
            assert page.get_by_role("button", name=name).count() == 0
        time.sleep(0.3)
        assert not played.asked
    finally:
        played.close()


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


def test_on_a_phone_on_its_side_the_label_is_beside_the_picture(
    played: Played, visit: Open
) -> None:
    page = visit(played.dashboard.url, viewport={"width": 844, "height": 390}, has_touch=True)
    page.get_by_text("happy 0.80").wait_for()
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    picture, label, chip = (
        page.locator(part).first.bounding_box() for part in (".picture", ".label", ".chips li")
    )
    assert label["x"] > picture["x"] + picture["width"]
    assert label["y"] < 200 and chip["y"] + chip["height"] < 390


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


@pytest.mark.slow
def test_an_open_page_reconnects_when_its_process_was_killed(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    first = played.dashboard._process.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: played.dashboard._process.pid != first)
    played.reason = "dark"  # known to the new process alone
    page.get_by_text("vision is not used: dark").wait_for()


@pytest.mark.slow
def test_off_loopback_the_printed_address_opens_the_page(visit: Open) -> None:
    played = Played(address="0.0.0.0:0")
    try:
        url = played.dashboard.url.replace("0.0.0.0", "127.0.0.1")
        page = visit(url)
        page.get_by_text("happy 0.80").wait_for()
        assert "token" not in page.url
        assert page.request.get(page.url + "verdicts.csv").status == 200
        stranger = visit(url.partition("?")[0])
        assert stranger.request.get(page.url + "verdicts.csv").status == 403
        assert "token is required" in stranger.inner_text("body")
    finally:
        played.close()


def test_a_look_for_devices_that_fails_says_so(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.locator("summary", has_text="Devices and settings").click()
    part = page.get_by_role("region", name="Devices and settings")
    part.get_by_text("Looking for devices ...").wait_for()
    eventually(lambda: {"act": "look"} in played.asked)
    for said in ("The list is gone.", "No camera."):
        played.dashboard.tell(listing=True)
        played.dashboard.tell(listing=False, listed=said)
        part.get_by_text(said).wait_for()
    # The same answer as before, so fast that no page hears of its beginning.
    part.get_by_role("button", name="Look for devices").click()
    part.get_by_text("Looking for devices ...").wait_for()
    played.dashboard.tell(listing=False, listed="No camera.")
    part.get_by_text("No camera.").wait_for()
    assert "Nothing was started" not in part.inner_text()
    for _ in range(12):  # more than are taken
        part.get_by_role("button", name="Look for devices").dispatch_event("click")
    part.get_by_text("Devices were not looked for").wait_for()


def test_a_list_of_devices_that_stays_the_same_does_not_disturb_who_is_choosing(
    played: Played, visit: Open
) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.locator("summary", has_text="Devices and settings").click()
    part = page.get_by_role("region", name="Devices and settings")
    camera = {"key": "camera", "name": "Camera", "value": 0, "options": [[0, "one"], [1, "two"]]}

    def offer(number: int, fields: list[dict[str, Any]], listed: str) -> None:
        played.dashboard.tell(offer={"number": number, "fields": fields}, listed=listed)
        part.get_by_text(listed).wait_for()

    offer(1, [camera], "First look.")
    chosen = part.get_by_role("combobox", name="Camera")
    chosen.evaluate("element => { element.selectedIndex = 1; }")  # its event is on its way
    offer(2, [camera], "Second look.")
    assert chosen.evaluate("element => element.selectedIndex") == 1
    offer(3, [camera | {"options": [[0, "one"], [2, "three"]]}], "Third look.")
    part.get_by_role("option", name="three").wait_for(state="attached")
