"""A network camera: frames with their capture time, and a loss that is noticed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fixtures.lockstep import LockstepClock
from fixtures.mjpeg import MjpegCamera, taken_ms
from fixtures.rtsp import RtspCamera
from fixtures.timecode import number_in
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources.camera import Camera
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


def test_a_report_is_given_while_the_camera_loses_frames() -> None:
    """Its thread may find a new cause at any moment."""

    class Changing(Counter[str]):
        def items(self) -> Any:
            for item in super().items():
                self["a cause in the meantime"] += 1
                yield item

    camera = Camera("rtsp://127.0.0.1:1/", MonotonicClock())
    camera._lost = Changing({"damaged": 2})
    assert camera.report().drops == {"frames: damaged": 2}
