"""An address that gives no pictures is refused in time, and tells no secret."""

from __future__ import annotations

import gc
import threading
import time
import traceback
import weakref
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from fixtures.mjpeg import MjpegCamera
from fixtures.waiting import LIMIT_S, Stopwatch

from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.runtime.feed import Feed
from edge.sources.camera import Camera
from edge.sources.camera_url import without_password

MakeServer = Callable[..., MjpegCamera]


def refusal(url: str, limit_s: float) -> tuple[str, float]:
    camera = Camera(url, MonotonicClock(), open_timeout_s=limit_s)
    with Stopwatch() as watch:
        with pytest.raises(DeviceError) as caught:
            camera.open()
        took_s = watch.seconds
    camera.close()
    message = str(caught.value)
    assert message.endswith(".") and ". " not in message and "\n" not in message
    return message, took_s


def test_a_refused_connection_is_an_error_at_once(closed_port: int) -> None:
    message, took_s = refusal(f"http://127.0.0.1:{closed_port}/video", LIMIT_S)
    assert f"127.0.0.1:{closed_port}" in message and "refused" in message
    assert took_s < 1


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_hanging_url_is_an_error_in_time(silent_port: int, scheme: str) -> None:
    message, took_s = refusal(f"{scheme}://127.0.0.1:{silent_port}/video", 0.6)
    assert "0.6 s" in message
    assert took_s < 1.1


def test_a_web_page_without_a_camera_is_refused(page_server: str) -> None:
    message, _ = refusal(page_server, LIMIT_S)
    assert "cannot be reached" in message or "sends no video" in message


def test_a_password_stays_out_of_messages(closed_port: int) -> None:
    message, _ = refusal(f"rtsp://anna:secret@127.0.0.1:{closed_port}/", 2)
    assert "secret" not in message and "anna" in message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:8080/x", "http://h:8080/x"),
        ("http://u@h/x", "http://u@h/x"),
        ("rtsp://u:secret@h:554/x", "rtsp://u:***@h:554/x"),
        ("http://u:se@cret@h/x", "http://u:***@h/x"),
        ("http://u:se/cret@h/x", "http://u:***@h/x"),
        ("http://u:se:cret@h:80/x", "http://u:***@h:80/x"),
        ("http://u:se?cret@h/x", "http://u:***"),
        ("http://u:secret@h/x?pwd=sec@ret", "http://u:***"),
        ("http://h/x?user=u&pwd=secret", "http://h/x?user=***&pwd=***"),
        ("http://u:secret@h/x?pwd=a=secret", "http://u:***@h/x?pwd=***"),
        ("http://h/x?secret", "http://h/x?***"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_closing_interrupts_a_connect_that_hangs(silent_port: int) -> None:
    camera = Camera(f"http://127.0.0.1:{silent_port}/", MonotonicClock(), open_timeout_s=30)
    errors: list[BaseException] = []

    def connect() -> None:
        try:
            camera.open()
        except DeviceError as error:
            errors.append(error)

    opener = threading.Thread(target=connect)
    opener.start()
    time.sleep(0.2)
    with Stopwatch() as watch:
        camera.close()
        opener.join(LIMIT_S / 2)
        assert not opener.is_alive() and watch.seconds < 0.5
    assert len(errors) == 1 and list(camera.packets()) == []


@pytest.mark.parametrize("kind", ["image/png", "image/webp", "image/gif"])
def test_a_camera_that_sends_no_jpeg_is_told_what_is_taken(
    mjpeg_server: MakeServer, kind: str
) -> None:
    message, took_s = refusal(mjpeg_server(kind=kind).url, LIMIT_S)
    assert f"sends pictures of the kind {kind}" in message and "MJPEG" in message
    assert took_s < LIMIT_S


def test_pictures_that_are_not_what_they_say_are_told(mjpeg_server: MakeServer) -> None:
    png = cv2.imencode(".png", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    message, _ = refusal(mjpeg_server(spoil=lambda number, jpeg: png).url, 3)
    assert "none that can be decoded" in message and "MJPEG" in message


def test_the_error_of_a_lost_camera_keeps_nothing_of_its_reader(mjpeg_server: MakeServer) -> None:
    camera = Camera(mjpeg_server(frames=8).url, MonotonicClock())
    camera.open()
    with pytest.raises(DeviceError, match="was lost") as lost:
        for _ in camera.packets():
            pass
    camera.close()
    assert lost.value.__cause__ is lost.value.__context__ is None
    frames = [frame.name for frame in traceback.extract_tb(lost.value.__traceback__)]
    assert "url_frames" not in frames and "_grab" not in frames


def test_a_camera_that_was_lost_is_gone_before_the_next_one_but_one(
    mjpeg_server: MakeServer,
) -> None:
    url, clock = mjpeg_server(frames=8).url, MonotonicClock()
    made: weakref.WeakSet[Camera] = weakref.WeakSet()

    def camera() -> Camera:
        made.add(one := Camera(url, clock))
        return one

    back: list[int] = []
    feed = Feed(camera(), frozenset({"vision"}), lossless=False, renew=camera)
    feed.source.open()
    gc.disable()
    try:
        for _ in feed.packets_with_retry(clock, lambda why: None, lambda: back.append(len(made))):
            if len(back) >= 5:
                break
    finally:
        gc.enable()
    feed.close()
    assert max(back) <= 3
