"""A real face and real speech: what the front ends are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import resources

import cv2
import numpy as np
import pytest

from edge.clock import MonotonicClock
from edge.frontends.face_detect import Face, FaceFinder
from edge.sources.file import MediaFile
from edge.types import Chunk

Scene = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """Grace Hopper, 512x600 BGR: the demo's portrait."""
    with resources.as_file(resources.files("edge") / "assets" / "grace_hopper.jpg") as path:
        image = cv2.imread(str(path))
    assert image is not None
    image.flags.writeable = False  # packets are shared by threads: nobody may write to one
    return image


@pytest.fixture(scope="session")
def finder() -> Iterator[FaceFinder]:
    finder = FaceFinder(0.5, 320)
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def portrait_face(portrait: np.ndarray, finder: FaceFinder) -> Face:
    return finder.find(portrait)[0]


@pytest.fixture(scope="session")
def scene(portrait: np.ndarray) -> Scene:
    """Draws people into a room: `scene((x, y, scale, degrees), ...)`, x and y of each portrait's
    centre; width and height of the picture by keyword."""

    def draw(*people: tuple[float, ...], width: int = 640, height: int = 480) -> np.ndarray:
        y, x = np.mgrid[0:height, 0:width]
        room = (90 + 40 * np.sin(x / 97) + 30 * np.cos(y / 71)).astype(np.uint8)
        picture = np.repeat(room[..., None], 3, axis=2)
        for centre_x, centre_y, scale, *rest in people:
            turn = cv2.getRotationMatrix2D((256, 300), rest[0] if rest else 0.0, scale)
            turn[:, 2] = turn[:, 2] + (centre_x - 256, centre_y - 300)
            size = (width, height)
            # Shrinking by linear interpolation alone would alias.
            soft = cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale) if scale < 0.8 else portrait
            drawn = cv2.warpAffine(soft, turn, size, flags=cv2.INTER_LINEAR)
            where = cv2.warpAffine(np.full(portrait.shape[:2], 255, np.uint8), turn, size)
            picture = np.where(where[..., None] > 127, drawn, picture)
        return picture

    return draw


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    """The demo's sentences: eleven seconds, 16 kHz mono float32."""
    with resources.as_file(resources.files("edge") / "assets" / "demo_speech.opus") as path:
        source = MediaFile(str(path), MonotonicClock(), pace="fast")
        source.open()
        samples = [packet.samples for packet in source.packets() if isinstance(packet, Chunk)]
    return np.concatenate(samples)
