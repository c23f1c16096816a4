"""`cdat-edge serve` with a real browser whose camera and microphone are a real clip."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from fixtures.chromium import QUIET, new_page
from fixtures.command import Cli, cli, complaint
from fixtures.served import begin, hello, picture, rest
from fixtures.visitor import begun, browser, shows_a_label
from fixtures.waiting import LIMIT_S, eventually
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

__all__ = ["browser", "cli"]

pytestmark = pytest.mark.slow


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    listens = () if "--at" in options else ("--at", "127.0.0.1:0")
    command = [sys.executable, "-m", "edge", "serve", *listens, *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = next(found[0] for line in process.stderr if (found := re.search(r"http\S+", line)))
        try:
            yield url, process
        finally:
            if process.poll() is None:
                process.terminate()
            told = process.stderr.read()
            assert process.wait(LIMIT_S) == 0 and "Traceback" not in told, told


def sessions(url: str) -> int:
    return int(httpx.get(f"{url}healthz", timeout=LIMIT_S).json()["sessions"])


def violations(page: Any) -> list[str]:
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: make dev")
    found = api.Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]


def test_two_browsers_see_their_labels_and_stop_frees_a_session(browser: Any) -> None:
    with serving("--asr", "none") as (url, _):
        one, other = begun(browser, url), begun(browser, url)
        shows_a_label(one)
        shows_a_label(other)
        assert sessions(url) == 2
        one.get_by_role("button", name="Stop").click()
        one.get_by_text("The session has ended.").wait_for()
        eventually(lambda: sessions(url) == 1)
        other.keyboard.press("Escape")
        other.get_by_text("The session has ended.").wait_for()
        eventually(lambda: sessions(url) == 0)
        one.get_by_role("button", name="I agree, start").click()  # once more
        shows_a_label(one)
        one.close()  # a tab that is closed frees its session, too
        eventually(lambda: sessions(url) == 0)
        assert one.errors == other.errors == []
        told = httpx.get(f"{url}metrics", timeout=LIMIT_S).text
        assert "cdat_edge_serve_begun_total 3.0" in told
        assert 'cdat_edge_serve_dropped_total{what="audio"} 0.0' in told


def test_the_words_are_shown(browser: Any) -> None:
    with serving("--asr", "pocketsphinx") as (url, _):
        page = begun(browser, url)
        page.locator(".words", has_text=re.compile(r"^(?!No words)\w+")).wait_for()
        page.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_page_with_a_sentence(browser: Any, number: int) -> None:
    with serving("--asr", "none") as (url, process):
        page = begun(browser, url)
        page.get_by_role("row", name=re.compile("Face")).wait_for()
        os.kill(process.pid, number)
        page.get_by_text("The server stops: the session has ended.").wait_for()
        assert process.wait(LIMIT_S) == 0
        page.close()


def test_a_page_whose_server_was_lost_connects_to_the_next_one_at_its_address(browser: Any) -> None:
    command = [sys.executable, "-m", "edge", "serve", "--asr", "none", "--at", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = next(found[0] for line in process.stderr if (found := re.search(r"http\S+", line)))
        page = begun(browser, url)
        shows_a_label(page)
        process.kill()
    page.get_by_text("Connection lost, connecting again.").wait_for()
    with serving("--asr", "none", "--at", url.removeprefix("http://").rstrip("/")):
        page.locator("#note", has_not_text="Connection lost").wait_for()
        shows_a_label(page)
        page.close()


def test_a_visitor_who_chooses_nothing_is_told_and_one_who_chooses_sound_sends_no_picture(
    browser: Any,
) -> None:
    with serving("--asr", "none") as (url, _):
        page = new_page(browser)
        page.goto(url)
        page.get_by_role("checkbox", name="Camera").uncheck()
        page.get_by_role("checkbox", name="Microphone").uncheck()
        page.get_by_role("button", name="I agree, start").click()
        page.get_by_text("Choose the camera, the microphone, or both.").wait_for()
        assert sessions(url) == 0
        page.get_by_role("checkbox", name="Microphone").check()
        page.get_by_role("button", name="I agree, start").click()
        page.get_by_role("row", name=re.compile("Voice used")).wait_for()
        page.get_by_role("row", name=re.compile("Face absent not asked for")).wait_for()
        page.close()


def test_a_camera_that_is_not_allowed_is_told_and_no_session_begins(browser: Any) -> None:
    asked = "--use-fake-device-for-media-stream", "--deny-permission-prompts"
    denying = browser.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
        args=[*QUIET, *asked],
    )
    with closing(denying), serving("--asr", "none") as (url, _):
        page = begun(denying, url)
        page.get_by_text("did not give the camera or microphone").wait_for()
        assert page.get_by_role("button", name="I agree, start").is_enabled()
        assert "begun_total 0.0" in httpx.get(f"{url}metrics", timeout=LIMIT_S).text
        page.close()


def test_a_limit_is_told_in_the_page(browser: Any) -> None:
    with serving("--asr", "none", "--set", "serve.picture_max_px=5000") as (url, _):
        page = begun(browser, url)
        page.get_by_text(re.compile(r"takes 5000 at most")).wait_for()
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(browser: Any, scheme: str) -> None:
    with serving("--asr", "none") as (url, _):
        window = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
        page = new_page(browser, **window)
        page.goto(url)
        assert violations(page) == []
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # on the button
        shows_a_label(page)
        assert violations(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
        page.close()


CLOCK = """async () => {
    const { SoundClock } = await import("/capture.js");
    const clock = new SoundClock();
    const times = [];
    for (let k = 1; k <= 200; k++) {
        const late = k < 30 ? 120 : k % 7 ? 8 : 3;  // the first pieces come late
        times.push([k, clock.begin(k * 0.05, 50, 1000 + k * 50 + late)]);
    }
    times.push([400, clock.begin(400 * 0.05, 50, 1000 + 400 * 50 + 3)]);  // it was suspended
    return times;
}"""


def test_times_of_sound_never_overlap_and_come_to_the_least_delay(browser: Any) -> None:
    with serving("--asr", "none") as (url, _):
        page = new_page(browser)
        page.goto(url)
        times = [(k, t) for k, t in page.evaluate(CLOCK) if t is not None]
        page.close()
    assert times[0][0] == 11
    for (_, before), (_, after) in pairwise(times[:-1]):
        assert 49 <= after - before <= 51
    for k, begin_ms in times[-40:]:
        assert abs(begin_ms - (1000 + (k - 1) * 50 + 3)) < 1


def test_a_page_from_another_machine_needs_the_token_and_is_told_about_https() -> None:
    command = [sys.executable, "-m", "edge", "serve", "--at", "0.0.0.0:0", "--asr", "none"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = "".join(next(process.stderr) for _ in range(4))
        try:
            _look_from_elsewhere(*re.findall(r":(\d+)/\?token=(\S+)", told)[0])
        finally:
            process.terminate()
        assert process.wait(LIMIT_S) == 0
    assert "can read along" in told and "Browsers give camera" in told


def test_the_page_of_a_server_with_a_token_gets_its_session(browser: Any) -> None:
    with serving("--asr", "none", "--at", "0.0.0.0:0") as (url, _):
        page = begun(browser, re.sub(r"//[^:/]+", "//127.0.0.1", url))
        shows_a_label(page)
        assert "token" not in page.url
        page.close()


def test_a_hangup_ends_no_session() -> None:
    with (
        serving("--asr", "none") as (url, process),
        connect(f"ws{url.removeprefix('http')}session") as client,
    ):
        begin(client, hello("vision", wait=True))
        process.send_signal(signal.SIGHUP)
        client.send('{"finish": true}')
        assert rest(client)[1] == 1000
        assert process.poll() is None


def test_damaged_pictures_do_not_fill_the_terminal() -> None:
    command = [sys.executable, "-m", "edge", "serve", "--at", "127.0.0.1:0", "--asr", "none"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(m[1] for line in process.stderr if (m := re.search(r"http://(\S+)/", line)))
        try:
            noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
            damaged = bytearray(picture(0, noise))
            damaged[1000::50] = b"\x55" * len(damaged[1000::50])
            with connect(f"ws://{address}/session") as client:
                begin(client, hello("vision", wait=True))
                for _ in range(40):
                    client.send(bytes(damaged))
                client.send('{"finish": true}')
                assert rest(client)[1] == 1000
        finally:
            process.terminate()
        told = process.stderr.read()
        assert process.wait(LIMIT_S) == 0
    assert told.count("Corrupt JPEG") == 1


def _look_from_elsewhere(port: str, token: str) -> None:
    for path in ("", "metrics", "healthz", "page.js"):
        assert httpx.get(f"http://127.0.0.1:{port}/{path}").status_code == 403
    socket = f"ws://127.0.0.1:{port}/session"
    with pytest.raises(InvalidStatus), connect(socket):
        raise AssertionError("it was let in without a token")
    headers = {"Authorization": f"Bearer {token}"}
    elsewhere = Origin("http://a.b")
    with (
        pytest.raises(InvalidStatus),
        connect(socket, additional_headers=headers, origin=elsewhere),
    ):
        raise AssertionError("a page of another site was let in")
    with connect(socket, additional_headers=headers) as client:
        client.send(hello("vision"))
        assert "ready" in client.recv(LIMIT_S)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--at", "nowhere"), "serve.address must be HOST:PORT"),
        (("--at", "192.0.2.1:80"), "cannot listen on 192.0.2.1:80"),
        (("--asr-model", "/no/such/model", "--asr", "vosk"), "/no/such/model"),
        (("--set", "serve.sessions_max=0"), "serve.sessions_max"),
        (("--tls-key", "key.pem"), "--tls-certificate"),
        (("--bundle", "/no/such/bundle"), "/no/such/bundle"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(
    cli: Cli, options: tuple[str, ...], part: str
) -> None:
    complaint(cli("serve", *options), part)
