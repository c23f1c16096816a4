"""Pictures that claim too much are refused before memory is taken for them."""

from __future__ import annotations

import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from fixtures.huge import claiming, jpeg_of, write_jpegs
from fixtures.mjpeg import MjpegCamera
from fixtures.timecode import number_in, picture_of
from fixtures.waiting import LIMIT_S

from edge.clock import HandClock, MonotonicClock
from edge.errors import MediaError
from edge.sources import limits
from edge.sources.camera import Camera
from edge.sources.file import MediaFile
from edge.types import Frame

MakeServer = Callable[..., MjpegCamera]
SMALL = [jpeg_of(picture_of(number, 640, 480)) for number in range(6)]
HUGE = claiming(SMALL[0], 16_000, 16_000)


def read(path: Path) -> tuple[MediaFile, list[int | None]]:
    source = MediaFile(path, HandClock(), wanted=frozenset({"vision"}))
    source.open()
    frames = [packet for packet in source.packets() if isinstance(packet, Frame)]
    return source, [number_in(frame.bgr) for frame in frames]


@pytest.mark.parametrize("at", [0, 2, 5])
@pytest.mark.parametrize("ending", ["mkv", "avi"])
def test_a_huge_picture_in_a_file_is_counted_and_the_others_come(
    tmp_path: Path, at: int, ending: str
) -> None:
    jpegs = [HUGE if number == at else jpeg for number, jpeg in enumerate(SMALL)]
    source, numbers = read(write_jpegs(tmp_path / f"huge.{ending}", jpegs))
    assert numbers == [number for number in range(6) if number != at]
    assert source.report().drops == {"frames: oversized": 1} and not source.report().notes


def test_a_file_of_nothing_but_a_huge_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no video"):
        read(write_jpegs(tmp_path / "huge.mkv", [HUGE]))


def test_a_huge_png_is_refused_for_its_size(tmp_path: Path) -> None:
    png = bytearray(cv2.imencode(".png", picture_of(0, 640, 480))[1].tobytes())
    png[16:24] = (20_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    path = tmp_path / "huge.png"
    path.write_bytes(png)
    with pytest.raises(MediaError, match="more pixels or bytes than are decoded"):
        read(path)


def test_a_picture_of_too_many_bytes_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 1 << 20)
    jpegs = [*SMALL[:3], SMALL[3] + bytes(1 << 20), *SMALL[4:]]
    source, numbers = read(write_jpegs(tmp_path / "long.mkv", jpegs))
    assert numbers == [0, 1, 2, 4, 5]
    assert source.report().drops == {"frames: oversized": 1}


def test_a_camera_that_sends_a_huge_picture_goes_on(mjpeg_server: MakeServer) -> None:
    def spoil(number: int, jpeg: bytes) -> bytes:
        return claiming(jpeg, 16_000, 16_000) if number % 5 == 3 else jpeg

    camera = Camera(mjpeg_server(spoil=spoil).url, MonotonicClock(), open_timeout_s=LIMIT_S)
    camera.open()
    sizes: Counter[tuple[int, ...]] = Counter()
    for frame in camera.packets():
        sizes[frame.bgr.shape] += 1
        if sizes.total() >= 12:
            break
    camera.close()
    assert set(sizes) == {(480, 640, 3)}
    drops = camera.report().drops
    assert drops["frames: oversized"] >= 2 and "frames: damaged" not in drops


@pytest.mark.parametrize("announced", [None, 2_000_000_000])
def test_a_picture_without_an_end_is_given_up_and_the_camera_connected_again(
    announced: int | None, mjpeg_server: MakeServer
) -> None:
    """400 MiB would come: they take no memory, and the run goes on with the next connection."""
    camera = mjpeg_server(endless_at=6, announced=announced, fps=60)
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS, camera.url], capture_output=True, text=True, check=True
    )
    told = done.stdout.splitlines()
    assert told[:2] == ["more than 32 MiB"] * 2, done.stdout
    assert int(told[2]) < 150


ENDLESS = """
import resource, sys
from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources.camera import Camera
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
for connection in range(2):
    camera = Camera(sys.argv[1], MonotonicClock(), open_timeout_s=30.0)
    camera.open()
    frames = 0
    try:
        for frame in camera.packets():
            frames += 1
    except DeviceError as error:
        print("more than 32 MiB" if "more than 32 MiB" in str(error) else error)
    assert frames, "no picture came before"
    assert camera.report().drops["frames: oversized"] == 1
    camera.close()
print((peak() - before) // 1024)
"""


def test_a_huge_picture_takes_no_memory(tmp_path: Path) -> None:
    path = write_jpegs(tmp_path / "huge.mkv", [*SMALL[:3], HUGE, *SMALL[4:]])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100


MEASURE = """
import resource, sys
from edge.clock import HandClock
from edge.sources.file import MediaFile
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
source = MediaFile(sys.argv[1], HandClock(), wanted=frozenset({"vision"}))
before = peak()
source.open()
assert len(list(source.packets())) == 5
print((peak() - before) // 1024)
"""
