"""A real run behind the page: its events arrive, and it is started again with other settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures.chromium import new_page
from fixtures.mjpeg import MjpegCamera
from fixtures.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.alone]
Cameras = Callable[..., MjpegCamera]
Start = Callable[..., "Started"]


class Started:
    """A process with a dashboard, and what it has written to standard error so far."""

    def __init__(self, *arguments: str, host: str = "127.0.0.1") -> None:
        command = [sys.executable, "-m", "edge", *arguments, "--dashboard-at", f"{host}:0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: "Dashboard: " in self.told)
        self.url = re.findall(r"Dashboard: (http://\S+)", self.told)[0]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.append(line)

    @property
    def told(self) -> str:
        return "".join(self._lines)

    def end(self) -> None:
        """It ends in order, whatever runs began in it."""
        self.process.terminate()
        assert self.process.wait(60) == 0 and "Traceback" not in self.told, self.told


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Started] = []

    def call(*arguments: str, host: str = "127.0.0.1") -> Started:
        started.append(Started(*arguments, host=host))
        return started[-1]

    yield call
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    page = new_page(chromium)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.context.close()
    assert not wrong


def test_a_camera_that_is_lost_and_comes_back_is_told_on_the_open_page(
    start: Start, page: Any, mjpeg_server: Cameras
) -> None:
    camera = mjpeg_server()
    page.goto(start("run", "--camera", camera.url, "--mic", "none").url)
    page.get_by_text("camera: off").wait_for()  # nobody is in its picture
    camera.close()
    happened = page.get_by_label("What happened, newest first")
    happened.locator(".happened", has_text=camera.url).wait_for()
    page.locator("svg text", has_text="device lost").wait_for()
    mjpeg_server(port=int(camera.url.split(":")[2].split("/")[0]))
    happened.locator(".happened", has_text="is back").wait_for()


def stop(page: Any) -> None:
    page.get_by_role("button", name="Stop the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The run has ended.").wait_for()


def open_settings(page: Any) -> Any:
    """The list of cameras."""
    page.locator("summary", has_text="Devices and settings").click()
    cameras = page.get_by_role("combobox", name="Camera")
    cameras.wait_for()
    return cameras


def choose(page: Any, text: str) -> None:
    cameras = page.get_by_role("combobox", name="Camera")
    cameras.select_option(label=cameras.locator("option", has_text=text).inner_text())
    page.get_by_role("button", name="Start with these").click()


def runs_with(page: Any, text: str) -> None:
    page.locator("header p").filter(has_text=text).wait_for()


def test_a_stopped_run_starts_again_on_the_same_page(
    start: Start, page: Any, tmp_path: Path
) -> None:
    lines, folder = tmp_path / "out.jsonl", tmp_path / "talk"
    started = start(
        *("demo", "--seconds", "600", "--dashboard-stay"),
        *("--jsonl", str(lines), "--record", str(folder)),
    )
    page.goto(started.url)
    page.locator(".label").filter(has_text=re.compile("happy|neutral|sad|angry|unsure")).wait_for()
    stop(page)
    page.get_by_role("button", name="Start again").click()
    page.get_by_text("A new run has begun.").wait_for()
    page.locator("tr.is-label").first.wait_for()  # a label comes
    assert page.get_by_role("button", name="Stop the run").is_visible()
    former = page.request.get(started.url + "former/verdicts.jsonl").text()
    eventually(lambda: without_words(former) == without_words(lines.read_text()))
    stop(page)
    assert "A new run has begun." not in page.inner_text("body")
    started.end()
    first, second = (json.loads(one.read_text().splitlines()[0]) for one in (lines, lines2(lines)))
    assert first["seq"] == second["seq"] == 0
    assert (folder.with_name("talk-2") / "session.json").exists()
    assert started.told.count("verdicts:") == 2  # each has its summary


def without_words(jsonl: str) -> list[dict[str, Any]]:
    """The verdicts as a download has them: without single words."""
    verdicts = [json.loads(line) for line in jsonl.splitlines()]
    return [{key: value for key, value in one.items() if key != "words"} for one in verdicts]


def lines2(first: Path) -> Path:
    return first.with_name("out-2.jsonl")


def test_another_camera_is_chosen_and_one_that_is_gone_is_refused(
    start: Start, page: Any, mjpeg_server: Cameras, closed_port: int, tmp_path: Path
) -> None:
    one, other = mjpeg_server(), mjpeg_server()
    gone = f"http://user:secret@127.0.0.1:{closed_port}/gone.mjpg"
    lines2(tmp_path / "out.jsonl").write_text("somebody's\n")
    started = start(
        *("run", "--camera", one.url, "--mic", "none", "--dashboard-stay"),
        *("--jsonl", str(tmp_path / "out.jsonl")),
        *("--set", f"dashboard.cameras=['{other.url}', '{gone}']"),
    )
    page.goto(started.url)
    page.get_by_text("camera: off, no face").wait_for()
    cameras = open_settings(page)
    assert cameras.locator("option:checked").inner_text() == f"{one.url} (in use)"
    assert "secret" not in page.content()
    choose(page, "gone.mjpg")
    page.get_by_text("The present run goes on.").first.wait_for()
    runs_with(page, one.url)
    choose(page, other.url)
    runs_with(page, other.url)
    page.get_by_text("A new run has begun.").wait_for()
    # The section is open still, and the list follows.
    cameras.locator("option:checked", has_text=f"{other.url} (in use)").wait_for(state="attached")
    assert lines2(tmp_path / "out.jsonl").read_text() == "somebody's\n"
    assert (tmp_path / "out-3.jsonl").stat().st_size
    started.end()


def test_a_camera_that_is_gone_after_the_end_leaves_the_page(
    start: Start, page: Any, mjpeg_server: Cameras
) -> None:
    camera = mjpeg_server()
    started = start("run", "--camera", camera.url, "--mic", "none", "--dashboard-stay")
    page.goto(started.url)
    page.get_by_text("camera: off, no face").wait_for()
    stop(page)
    camera.close()
    page.get_by_role("button", name="Start again").click()
    page.get_by_text("cannot be reached").first.wait_for()
    page.get_by_role("button", name="Start again").wait_for()
    started.end()


def test_settings_are_checked_and_take_effect(
    start: Start, page: Any, mjpeg_server: Cameras
) -> None:
    # Without a terminal, a run that the page replaces keeps the page, too.
    started = start("run", "--camera", mjpeg_server().url, "--mic", "none")
    page.goto(started.url)
    page.get_by_text("camera: off, no face").wait_for()
    open_settings(page)
    step = page.get_by_role("spinbutton", name="Seconds between two answers")
    for given, wish in (("77", "window.step_s: must be less than or equal to 10"), ("9", "longer")):
        step.fill(given)
        page.get_by_role("button", name="Start with these").click()
        page.get_by_text(wish).first.wait_for()
    step.fill("0.5")
    page.get_by_role("combobox", name="Answers for").select_option(label="all people")
    page.get_by_role("button", name="Start with these").click()
    page.get_by_text("A new run has begun.").wait_for()
    chosen = page.locator("option:checked", has_text="all people (in use)")
    chosen.wait_for(state="attached")
    assert step.input_value() == "0.5"
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    page.get_by_label("Show the picture").uncheck()
    page.get_by_text("The picture is switched off").wait_for()
    eventually(lambda: page.request.get(started.url + "picture").status == 404)
    page.get_by_label("Show the picture").check()
    page.wait_for_function("document.querySelector('img').checkVisibility()")
    started.end()


def test_a_run_that_ends_before_its_first_verdict_can_be_started_again(
    start: Start, page: Any, mjpeg_server: Cameras
) -> None:
    started = start(
        *("run", "--camera", mjpeg_server().url, "--mic", "none"),
        *("--seconds", "0.1", "--dashboard-stay"),
    )
    page.goto(started.url)
    for number in (1, 2):
        eventually(lambda: started.told.count("The page stays until") == number)  # noqa: B023
        page.get_by_text("The run has ended without a verdict.").wait_for()
        page.get_by_text("Starting ...").first.wait_for(state="hidden")
        page.get_by_role("button", name="Start again").wait_for()
        if number == 1:
            page.get_by_role("button", name="Start again").click()
    started.end()


def test_settings_are_changed_while_the_run_goes_on(
    start: Start, page: Any, tmp_path: Path
) -> None:
    lines, log, folder = tmp_path / "out.jsonl", tmp_path / "events.log", tmp_path / "talk"
    started = start(
        *("demo", "--seconds", "600", "--jsonl", str(lines), "--log", str(log)),
        *("--record", str(folder), "--set", "asr.engine=none"),
    )
    page.goto(started.url)
    page.get_by_text("camera: on", exact=True).wait_for()
    page.locator("summary", has_text="Change now").click()
    camera = page.get_by_role("checkbox", name="Use the camera")
    camera.uncheck()
    page.get_by_text("camera: off, by hand").wait_for()
    happened = page.get_by_label("What happened, newest first")
    happened.locator(".happened", has_text="The camera was switched off by hand.").wait_for()
    page.locator("svg text", has_text="setting").first.wait_for()
    assert camera.evaluate("e => e === document.activeElement")  # it keeps the focus
    other = page.context.new_page()
    other.goto(started.url)
    other.locator("summary", has_text="Change now").click()
    # Once another box has its tick, the settings in use have come.
    microphone = other.get_by_role("checkbox", name="Use the microphone")
    eventually(microphone.is_checked)
    assert not other.get_by_role("checkbox", name="Use the camera").is_checked()
    other.close()
    camera.check()
    page.get_by_text("camera: on", exact=True).wait_for()
    limit = page.get_by_role("spinbutton", name="Unsure below this confidence")
    begun = limit.input_value()
    limit.fill("1.5")
    limit.press("Enter")
    page.get_by_text("gate.abstain_below: must be a number from 0 to 1.").wait_for()
    eventually(lambda: limit.input_value() == begun)
    limit.fill("1")
    limit.press("Enter")
    page.locator(".label").filter(has_text="unsure").wait_for()
    started.end()
    verdicts = [json.loads(line) for line in lines.read_text().splitlines()]
    assert any(one["streams"]["vision"]["reason"] == "off" for one in verdicts)
    assert verdicts[-1]["adjusted"] == {"gate.abstain_below": 1.0}
    told = [json.loads(line) for line in log.read_text().splitlines()]
    changes = [(one["key"], one["value"]) for one in told if one["event"] == "setting"]
    assert changes == [
        ("streams.vision", False),
        ("streams.vision", True),
        ("gate.abstain_below", 1.0),
    ]
    command = [sys.executable, "-m", "edge", "replay", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_off_loopback_nobody_changes_a_setting_without_the_token(start: Start, page: Any) -> None:
    started = start("demo", "--seconds", "600", "--set", "asr.engine=none", host="0.0.0.0")
    page.goto(re.sub(r"\?token=.*", "", started.url))
    page.get_by_text("token is required").wait_for()
    assert page.locator("summary", has_text="Change now").count() == 0
    page.goto(started.url)
    page.locator("summary", has_text="Change now").click()
    page.get_by_role("checkbox", name="Use the microphone").uncheck()
    page.get_by_text("microphone: off, by hand").wait_for()
