"""A local camera: times of its driver, and errors of one sentence."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from fixtures.waiting import LIMIT_S

from edge.clock import MonotonicClock
from edge.errors import DeviceError, SourceError
from edge.sources import camera_device
from edge.sources.camera import Camera
from edge.sources.camera_device import driver_age_ns


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
