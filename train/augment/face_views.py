"""Augmentation of FER+ pictures: camera, light and jitter of the face detector."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.faults import FAULTS
from edge.frontends.face_crop import FaceParams, describe, describe_without_face
from edge.types import Float

SCALES = (1.0, 1.0, 1.5, 2.5, 4.0)
"""Scale of the source picture relative to FER+. Faults have the grain and blur of the source's
pixels, so they are applied before the live front end downscales the face."""

MIRRORED = [1, 0, 2, 3]


@dataclass(frozen=True)
class FaceView:
    """One augmented source picture and the position of its face; faults are applied afterwards."""

    image: NDArray[np.uint8]
    keypoints: NDArray[np.float32]


def make_view(
    picture: NDArray[np.uint8], keypoints: NDArray[np.float32], rng: np.random.Generator
) -> FaceView:
    """A mild variation of one picture, as a stream without a fault may look."""
    image, points = picture, keypoints
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        points = points[MIRRORED] * np.array([-1, 1]) + np.array([picture.shape[1], 0])
    scale = float(rng.choice(SCALES)) * float(rng.uniform(0.9, 1.2))
    if scale > 1.25:
        side = round(picture.shape[0] * scale)
        image = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
        points = points * np.float32(side / picture.shape[0])
    # The detector's own jitter is about 2 % of the distance of the eyes; the rest is augmentation.
    eyes = float(np.hypot(*(points[0] - points[1])))
    points = _turned(points, float(rng.normal(0, 0.06)), float(rng.uniform(0.92, 1.1)))
    shared = rng.normal(0, 0.04 * eyes, (1, 2))
    points = points + (shared + rng.normal(0, 0.035 * eyes, points.shape)).astype(np.float32)
    return FaceView(_light(image, rng), points.astype(np.float32))


def _turned(points: NDArray[np.float32], radians: float, scale: float) -> NDArray[np.float32]:
    """The points turned and scaled about their mean."""
    middle = points.mean(axis=0)
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    return np.asarray((points - middle) @ turn.T * scale + middle, np.float32)


def crop(view: FaceView, params: FaceParams, rng: np.random.Generator) -> tuple[Float, Float]:
    """Network input (1, 48, 48) and quality (Q,) of a view, computed by the live front end."""
    tensor, quality = describe(view.image, view.keypoints, params)
    quality[-1] = rng.uniform(0, 0.1)
    return tensor, quality


def faulted(view: FaceView, fault: str, severity: float, rng: np.random.Generator) -> FaceView:
    """The same picture with a fault of `edge.faults`."""
    image = FAULTS["vision"][fault](view.image, severity, rng)
    return FaceView(np.asarray(image, np.uint8), view.keypoints)


def frame_quality(view: FaceView, rng: np.random.Generator) -> Float:
    """Signals of this picture when the detector finds no face in it."""
    quality = describe_without_face(view.image)
    quality[-1] = rng.uniform(0, 0.1)
    return quality


def _light(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Exposure, contrast, gamma, light from a side, mild blur, sharpening and noise."""
    x = image.astype(np.float32) / 255.0
    x = np.clip(x, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    mean = float(x.mean())
    x = (x - mean) * np.float32(np.exp(rng.normal(0, 0.2))) + np.float32(mean + rng.normal(0, 0.08))
    if rng.random() < 0.3:
        height, width = x.shape
        angle = rng.uniform(0, 2 * np.pi)
        across = np.linspace(-1, 1, width, dtype=np.float32)[None] * np.float32(np.cos(angle))
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(np.sin(angle))
        x = x * (1 + np.float32(rng.uniform(0, 0.4)) * (across + down))
    if rng.random() < 0.4:
        # FER+ is blurred by compression; a live crop, downscaled from a large face, is sharp.
        soft = cv2.GaussianBlur(x, (0, 0), 0.02 * x.shape[0])
        x = x + np.float32(rng.uniform(-0.5, 1.5)) * (x - soft)
    if rng.random() < 0.5:
        x = x + rng.normal(0, rng.uniform(0, 0.03), x.shape).astype(np.float32)
    return np.asarray(np.clip(x, 0, 1) * 255.0 + 0.5, np.uint8)
