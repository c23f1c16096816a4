"""What is done to a film before its mouths are measured, and still faces to compare with."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Film = list[Picture]

FPS = 25


@dataclass(frozen=True)
class Condition:
    """`spoil` makes another film of one with 25 frames a second; of it every `keep`-th is left."""

    name: str
    spoil: Callable[[Film, np.random.Generator], Film]
    keep: int = 1


def in_a_hand(picture: Picture, frames: int, rng: np.random.Generator) -> Film:
    """A photograph before a camera: it sways like in a hand, light changes, the sensor is noisy."""
    height, width = picture.shape[:2]
    phase, pace = rng.uniform(0, 2 * np.pi, 6), rng.uniform(1, 8, 6)
    film = []
    for index in range(frames):
        sway = np.sin(pace * index / FPS + phase)
        turn = 2.5 * sway[0] + 0.8 * sway[1]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1 + 0.03 * sway[2])
        matrix[:, 2] += 0.02 * width * sway[3:5] + rng.normal(0, 0.2, 2)
        moved: Any = cv2.warpAffine(
            picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        film.append(_noisy(moved * (1 + 0.05 * sway[5]), 1.5, rng))
    return film


def _noisy(picture: NDArray[Any], deviation: float, rng: np.random.Generator) -> Picture:
    noise = deviation * rng.standard_normal(picture.shape, np.float32)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def _coded(film: Film, kbit_s: int) -> Film:
    """Through H.264 at a low bit rate."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width = film[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", kbit_s * 1000
        for index, picture in enumerate(film):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as coded:
        return [
            np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for frame in coded.decode(video=0)
        ]


def _half(film: Film) -> Film:
    return [
        np.asarray(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        for p in film
    ]


CONDITIONS = (
    Condition("25 frames a second", lambda film, rng: film),
    Condition("12 frames a second", lambda film, rng: film, keep=2),
    Condition("8 frames a second", lambda film, rng: film, keep=3),
    Condition("noise of 8 grey levels", lambda film, rng: [_noisy(p, 8, rng) for p in film]),
    Condition("half the size", lambda film, rng: _half(film)),
    Condition("H.264 at 100 kbit/s", lambda film, rng: _coded(film, 100)),
    Condition("H.264 at 40 kbit/s", lambda film, rng: _coded(film, 40)),
)
