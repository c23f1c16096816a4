"""Cameras: a real network camera on loopback, the ways it fails, and a stand-in for a local one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from fixtures.lockstep import LockstepClock
from fixtures.mjpeg import MjpegCamera, taken_ms
from fixtures.rtsp import RtspCamera
from fixtures.timecode import number_in
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.clock import MonotonicClock
from edge.errors import DeviceError, SourceError
from edge.sources import camera_device
from edge.sources.camera import Camera
from edge.sources.camera_device import driver_age_ns
from edge.sources.camera_url import without_password
from edge.types import NS_PER_S, Frame

MakeServer = Callable[..., MjpegCamera]


def watch(camera: Camera, count: int, work_s: float = 0.0) -> list[Frame]:
    camera.open()
    frames = []
    for frame in camera.packets():
        frames.append(frame)
        time.sleep(work_s)
        if len(frames) == count:
            break
    return frames


def errors_ms(frames: list[Frame]) -> set[int]:
    """By how much each frame's stamp is later than its picture says."""
    errors = set()
    for frame in frames:
        number = number_in(frame.bgr)
        assert number is not None
        errors.add(taken_ms(frame.t_ns) - number)
    return errors


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


def test_a_network_camera_delivers_frames_with_their_capture_time(
    mjpeg_server: MakeServer, lockstep: LockstepClock
) -> None:
    camera = Camera(mjpeg_server(clock=lockstep).url, lockstep, open_timeout_s=LIMIT_S)
    frames = watch(camera, 60)
    camera.close()
    assert camera.streams == {"vision"}
    assert frames[0].bgr.shape == (480, 640, 3) and frames[0].bgr.dtype == np.uint8
    assert errors_ms(frames) == {0}
    for a, b in pairwise(frames):
        assert a.index < b.index
        assert b.t_ns - a.t_ns == (b.index - a.index) * (NS_PER_S // 30)


def test_a_camera_without_content_length_is_one_frame_late(
    mjpeg_server: MakeServer, lockstep: LockstepClock
) -> None:
    lockstep.held = 1
    url = mjpeg_server(content_length=False, clock=lockstep).url
    camera = Camera(url, lockstep, open_timeout_s=LIMIT_S)
    frames = watch(camera, 30)
    camera.close()
    assert errors_ms(frames) <= {33, 34}  # of 33.3


def test_an_rtsp_camera_delivers_frames_with_their_capture_time(
    rtsp_camera: RtspCamera, lockstep: LockstepClock
) -> None:
    camera = Camera(rtsp_camera.url, lockstep, open_timeout_s=LIMIT_S)
    frames = watch(camera, 45)
    camera.close()
    # The first one has no predecessor that would tell the interval.
    assert errors_ms(frames[1:]) <= {-1, 0, 1}, errors_ms(frames)  # stamps of 90 kHz


def test_a_slow_consumer_sees_fewer_frames_but_no_older_ones(
    mjpeg_server: MakeServer, lockstep: LockstepClock
) -> None:
    camera = Camera(mjpeg_server(clock=lockstep).url, lockstep, open_timeout_s=LIMIT_S)
    camera.open()
    lockstep.send(1)
    packets = camera.packets()
    newest = next(packets)
    before = camera.report().drops["frames: replaced"]
    for _ in range(10):
        lockstep.send(5)  # of which the consumer has time for one
        last, newest = newest, next(packets)
        assert newest.t_ns == lockstep.now_ns()
        assert newest.index == last.index + 5
    camera.close()
    drops = camera.report().drops
    assert drops["frames: replaced"] == before + 40
    assert 11 + sum(drops.values()) == newest.index + 1


def test_delayed_pictures_keep_their_capture_time(
    mjpeg_server: MakeServer, lockstep: LockstepClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    real_open = av.open

    def slow_open(*args: Any, **options: Any) -> Any:
        container = real_open(*args, **options)
        waiting = lockstep.sent + 15
        eventually(lambda: lockstep.sent >= waiting)
        return container

    monkeypatch.setattr(av, "open", slow_open)
    camera = Camera(mjpeg_server(clock=lockstep).url, lockstep, open_timeout_s=LIMIT_S)
    frames = watch(camera, 10)
    camera.close()
    assert camera.report().drops["frames: backlog"] >= 15
    assert errors_ms(frames) == {0}


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


def test_closing_ends_the_packets(mjpeg_server: MakeServer) -> None:
    camera = Camera(mjpeg_server().url, MonotonicClock())
    camera.open()
    taken: list[Frame] = []
    reader = threading.Thread(target=lambda: taken.extend(camera.packets()))
    reader.start()
    eventually(lambda: taken)
    with Stopwatch() as watch:
        camera.close()
        camera.close()
        reader.join(LIMIT_S)
        assert not reader.is_alive() and watch.seconds < 0.5


def test_an_unplugged_camera_is_noticed(mjpeg_server: MakeServer) -> None:
    server = mjpeg_server()
    camera = Camera(server.url, MonotonicClock())
    camera.open()
    with pytest.raises(DeviceError, match="was lost"):
        for number, _ in enumerate(camera.packets()):
            if number == 10:
                server.close()
    camera.close()


def test_a_hanging_camera_is_noticed_within_its_limit(mjpeg_server: MakeServer) -> None:
    server = mjpeg_server()
    camera = Camera(server.url, MonotonicClock(), open_timeout_s=0.7)
    camera.open()
    with Stopwatch() as watch, pytest.raises(DeviceError, match=r"0\.7 s"):
        for number, _ in enumerate(camera.packets()):
            if number == 10:
                server.frozen.set()
                start_s = watch.seconds
    assert watch.seconds - start_s < 1.5
    camera.close()


def test_reading_without_opening_is_refused() -> None:
    with pytest.raises(SourceError, match="not open"):
        next(Camera(0, MonotonicClock()).packets())


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (97, "Camera 97 does not exist"),
        ("/dev/video97", "does not exist"),
        ("clip.mp4", "--file"),
    ],
)
def test_an_invalid_camera_is_refused(device: int | str, says: str) -> None:
    with pytest.raises(DeviceError, match=says):
        Camera(device, MonotonicClock()).open()


class FakeCapture:
    """Stands where OpenCV's VideoCapture does: five frames, then the cable is pulled."""

    opened = True

    stamps_ms: ClassVar[list[float]] = []
    taken = threading.Semaphore(1)
    """One frame may come, and one more for each that was taken: none is replaced by a newer one."""

    def __init__(self, device: int | str, backend: int) -> None:
        self.left = 5
        self.asked: dict[int, float] = {}

    def isOpened(self) -> bool:
        return self.opened

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return True

    def get(self, key: int) -> float:
        self.stamps_ms.append(time.monotonic() * 1000 - 20)
        return self.stamps_ms[-1]

    def grab(self) -> bool:
        assert self.taken.acquire(timeout=LIMIT_S)
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        return True, np.full((4, 4, 3), self.left, np.uint8)

    def release(self) -> None:
        self.left = 0


@pytest.fixture
def fake_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeCapture]:
    import cv2

    class Fresh(FakeCapture):
        stamps_ms: ClassVar[list[float]] = []
        taken = threading.Semaphore(1)

    monkeypatch.setattr(cv2, "VideoCapture", Fresh)
    monkeypatch.setattr(camera_device, "_check", lambda device: None)
    return Fresh


def test_a_local_camera_has_driver_times_and_unplugging_is_noticed(
    fake_device: type[FakeCapture],
) -> None:
    camera = Camera(0, MonotonicClock())
    camera.open()
    frames = []
    with pytest.raises(DeviceError, match="was lost"):
        for frame in camera.packets():
            frames.append(frame)
            fake_device.taken.release()
    camera.close()
    for frame, stamp_ms in zip(frames, fake_device.stamps_ms, strict=True):
        # Between the two clocks that are asked one after the other a thread may be put to sleep.
        assert 0 <= stamp_ms * 1e6 - frame.t_ns < 15e6
    assert [int(frame.bgr[0, 0, 0]) for frame in frames] == [4, 3, 2, 1, 0]


def test_a_camera_in_use_is_an_error(fake_device: type[FakeCapture]) -> None:
    fake_device.opened = False
    with pytest.raises(DeviceError, match="another program"):
        Camera(0, MonotonicClock()).open()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2 is Linux's")
def test_a_path_that_is_no_video_device_is_an_error_without_opencv_messages(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(DeviceError, match="/dev/null cannot be opened: not a camera"):
        Camera("/dev/null", MonotonicClock()).open()
    assert capfd.readouterr() == ("", "")


def test_only_a_plausible_driver_time_is_used() -> None:
    now_ns = 50_000_000_000
    assert driver_age_ns(49_980.0, now_ns) == 20_000_000
    assert driver_age_ns(0.0, now_ns) == 0
    assert driver_age_ns(50_001.0, now_ns) == 0
    assert driver_age_ns(1_234.0, now_ns) == 0
