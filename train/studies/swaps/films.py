"""Films of the study: clips by person, another person's picture in them, and another scene."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.clock import MonotonicClock
from edge.errors import DataError
from edge.faults import FAULTS, Picture
from edge.sources.file import MediaFile
from edge.types import Frame

FPS = 25
KEEP = 2
"""Of 25 frames a second a run looks at every other one."""
SUFFIXES = {".mpg", ".mp4", ".mkv", ".webm"}


@dataclass(frozen=True)
class Clip:
    """`film`: the frames that are looked at."""

    name: str
    person: str
    film: list[Picture]


def read_clips(folder: Path, same: Sequence[str]) -> list[Clip]:
    """The clips, in the order of their persons' names.

    Args:
        folder: Clips of one person each, 25 frames a second.
        same: Of each person with several clips, their names with + in between.

    Raises:
        DataError: There are clips of fewer than four persons, or a name is of no clip.
    """
    files = {p.stem: p for p in sorted(folder.glob("*")) if p.suffix in SUFFIXES}
    person_of = {name: name for name in files}
    for names in (group.split("+") for group in same):
        for name in names:
            if name not in files:
                raise DataError(f"{folder} has no clip {name}: check --same.")
            person_of[name] = names[0]
    if len(set(person_of.values())) < 4:
        raise DataError(
            f"{folder} has clips ({', '.join(sorted(SUFFIXES))}) of fewer than four persons:"
            " name a folder with more."
        )
    found = [Clip(name, person_of[name], _film(path)) for name, path in files.items()]
    return sorted(found, key=lambda clip: (clip.person, clip.name))


def _film(path: Path) -> list[Picture]:
    source = MediaFile(str(path), MonotonicClock(), pace="fast")
    source.open()
    with closing(source):
        frames = [packet.bgr for packet in source.packets() if isinstance(packet, Frame)]
    if not frames:
        raise DataError(f"{path} has no picture: leave it out of the folder.")
    return frames[::KEEP]


def fitted(film: Sequence[Picture], like: Picture) -> list[Picture]:
    """The film at another film's size."""
    size = like.shape[1], like.shape[0]
    return [np.asarray(cv2.resize(p, size), np.uint8) if p.shape != like.shape else p for p in film]


def photographed(film: Sequence[Picture], other: Picture) -> list[Picture]:
    """The film with a photograph of another before the face: the middle of the picture, swaying."""
    height, width = film[0].shape[:2]
    (other,) = fitted([other], film[0])
    top, left = height // 4, width // 5
    photograph = other[top:, left : width - left]
    shown = []
    for index, picture in enumerate(film):
        x, y = left + round(3 * np.sin(index / 5)), top + round(3 * np.sin(index / 7))
        made = picture.copy()
        view = made[y : y + photograph.shape[0], x : x + photograph.shape[1]]
        view[:] = photograph[: view.shape[0], : view.shape[1]]
        shown.append(made)
    return shown


def elsewhere(film: Sequence[Picture]) -> list[Picture]:
    """The film in another place: mirrored, smaller, with a light, patterned wall around it."""
    height, width = film[0].shape[:2]
    y, x = np.mgrid[:height, :width]
    wall = np.repeat((200 + 40 * np.sin(x / 9) * np.sin(y / 7))[..., None], 3, axis=2)
    scale = 0.7
    shown = []
    for picture in film:
        small = cv2.resize(picture[:, ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        made = np.asarray(wall, np.uint8).copy()
        made[height - small.shape[0] :, : small.shape[1]] = small
        shown.append(made)
    return shown


def spoiled(
    film: Sequence[Picture], fault: str, severity: float, rng: np.random.Generator
) -> list[Picture]:
    """Each picture with the fault of `edge.faults`; what covers the face stays where it is."""
    seed = int(rng.integers(2**32))
    make = FAULTS["vision"][fault]
    if fault == "occluded":
        return [make(p, severity, np.random.default_rng(seed)) for p in film]
    return [make(picture, severity, rng) for picture in film]
