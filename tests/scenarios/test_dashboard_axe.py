"""The page has no violation that axe-core finds: live, after the end, on tablet and phone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.chromium import new_page
from fixtures.mjpeg import MjpegCamera

# axe takes a core for ten seconds beside a live demo, which takes another.
pytestmark = [pytest.mark.slow, pytest.mark.alone]
WINDOWS: dict[str, dict[str, Any]] = {
    "a screen": {"viewport": {"width": 1280, "height": 900}},
    "a tablet": {"viewport": {"width": 820, "height": 1180}, "has_touch": True},
    "a phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
    "a phone on its side": {"viewport": {"width": 844, "height": 390}, "has_touch": True},
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a demo that is stopped from its page, which stays."""
    command = [sys.executable, "-m", "edge", "demo", "--seconds", "3600", "--dashboard-stay"]
    command += ["--dashboard-at", "127.0.0.1:0", "--set", "dashboard.keep_pictures_mb=4"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        yield next(found[0] for line in run.stderr if (found := re.search(r"http://\S+", line)))
        run.terminate()
        told = run.stderr.read()
        assert run.wait(60) == 0 and "Traceback" not in told, told


@pytest.fixture(scope="module")
def cameras() -> Iterator[str]:
    """Of a run that may choose a camera that is not there."""
    camera = MjpegCamera()
    command = [sys.executable, "-m", "edge", "run", "--camera", camera.url, "--mic", "none"]
    command += ["--dashboard-at", "127.0.0.1:0"]
    gone = f"http://127.0.0.1:9/{'long/' * 20}gone.mjpg"
    command += ["--set", f"dashboard.cameras=['{gone}']"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        told = (re.search(r"Dashboard: (http://\S+)", line) for line in run.stderr)
        yield next(found[1] for found in told if found)
        run.terminate()
        run.stderr.read()
    camera.close()


def violations(page: Any) -> list[str]:
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make dev")
    found = api.Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_on_the_live_page(
    address: str, chromium: Any, window: str, scheme: str
) -> None:
    page = new_page(chromium, **WINDOWS[window], color_scheme=scheme)
    page.goto(address)
    page.get_by_text("processors").wait_for()
    page.keyboard.press("m")
    page.get_by_label("Marks, newest first").get_by_text("mark").first.wait_for()
    assert violations(page) == []
    # All that can be opened is open, and an earlier time is shown.
    for name in ("Latency, ms", "Devices and settings", "About"):
        page.locator("summary", has_text=name).click()
    page.get_by_role("columnheader", name="p95, ms").wait_for()
    page.get_by_role("spinbutton", name="Seconds between two answers").wait_for()
    page.get_by_role("slider", name="Time that is shown").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Back to now").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Stop the run").click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_on_the_page_of_a_run_that_was_stopped(
    address: str, chromium: Any, window: str
) -> None:
    page = new_page(chromium, **WINDOWS[window])
    page.goto(address)
    page.locator(".label").filter(has_text=re.compile(r"\w")).wait_for()
    stop = page.get_by_role("button", name="Stop the run")
    if stop.is_visible():
        stop.click()
        page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The run has ended.").wait_for()
    page.get_by_role("button", name="Start again").wait_for()
    assert violations(page) == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_where_another_camera_is_chosen(
    cameras: str, chromium: Any, window: str, scheme: str
) -> None:
    page = new_page(chromium, **WINDOWS[window], color_scheme=scheme)
    page.goto(cameras)
    page.locator("summary", has_text="Devices and settings").click()
    chosen = page.get_by_role("combobox", name="Camera")
    chosen.select_option(label=chosen.locator("option", has_text="gone.mjpg").inner_text())
    page.get_by_role("button", name="Start with these").click()
    page.get_by_text("The present run goes on.").first.wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()
