"""A JPEG that was cut off is not a picture; an odd one that is whole is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from fixtures.huge import claiming, jpeg_of, write_jpegs
from fixtures.mjpeg import MjpegCamera
from fixtures.timecode import picture_of
from fixtures.waiting import LIMIT_S

from edge.clock import HandClock, MonotonicClock
from edge.sources.camera import Camera
from edge.sources.file import MediaFile

PICTURE = picture_of(77, 640, 480)
FORMS = {
    "plain": jpeg_of(PICTURE),
    "coarse": jpeg_of(PICTURE, cv2.IMWRITE_JPEG_QUALITY, 5),
    "restarts": jpeg_of(PICTURE, cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    "progressive": jpeg_of(PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "full colour": jpeg_of(PICTURE, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
}
Spoil = Callable[[bytes], bytes]
HARMLESS: dict[str, Spoil] = {
    "as it is": lambda jpeg: jpeg,
    "padded": lambda jpeg: jpeg + bytes(100),
    "without its end mark": lambda jpeg: jpeg[:-2],
    "odd header": lambda jpeg: jpeg[:2] + b"\xff\xe1\x00\x10Exif\0\0garbage!" + jpeg[2:],
}
CUT: dict[str, Spoil] = {
    "half": lambda jpeg: jpeg[: len(jpeg) // 2],
    "half with an end mark": lambda jpeg: jpeg[: len(jpeg) // 2] + b"\xff\xd9",
    "nine tenths": lambda jpeg: jpeg[: len(jpeg) * 9 // 10],
}


def film(path: Path, jpegs: list[bytes]) -> tuple[int, tuple[str, ...]]:
    source = MediaFile(write_jpegs(path, jpegs), HandClock(), wanted=frozenset({"vision"}))
    source.open()
    return len(list(source.packets())), source.report().notes


@pytest.mark.parametrize("spoil", HARMLESS.values(), ids=HARMLESS)
def test_whole_pictures_are_used_odd_as_they_may_be(tmp_path: Path, spoil: Spoil) -> None:
    jpegs = [spoil(jpeg) for jpeg in FORMS.values()]
    assert film(tmp_path / "whole.mkv", jpegs) == (len(FORMS), ())


@pytest.mark.parametrize("spoil", CUT.values(), ids=CUT)
def test_pictures_that_are_cut_are_told_and_not_used(tmp_path: Path, spoil: Spoil) -> None:
    jpegs = [piece for jpeg in FORMS.values() for piece in (jpeg, spoil(jpeg), jpeg)]
    count, notes = film(tmp_path / "cut.mkv", jpegs)
    assert count == 2 * len(FORMS)
    assert len(notes) == 1 and f"{len(FORMS)} pieces could not be decoded" in notes[0]


def test_a_camera_that_cuts_pictures_goes_on(
    mjpeg_server: Callable[..., MjpegCamera],
) -> None:
    def spoil(number: int, jpeg: bytes) -> bytes:
        if number % 4 == 2:
            return jpeg[: len(jpeg) // 2]
        return claiming(jpeg, 8_000, 8_000)[: len(jpeg)] if number % 4 == 3 else jpeg

    used = lost = 0
    camera = Camera(mjpeg_server(spoil=spoil).url, MonotonicClock(), open_timeout_s=LIMIT_S)
    camera.open()
    for used, frame in enumerate(camera.packets(), start=1):
        assert frame.bgr.shape == (480, 640, 3)
        lost = camera.report().drops.get("frames: damaged", 0)
        if used >= 12:
            break
    camera.close()
    assert lost >= 8


def test_one_picture_that_is_cut_is_one_piece(tmp_path: Path) -> None:
    whole = next(iter(FORMS.values()))
    _, notes = film(tmp_path / "cut.mkv", [whole, CUT["half"](whole), whole])
    assert notes[0].endswith("is damaged: 1 piece could not be decoded and was skipped.")
