"""Turns a frame and four points of a face into the network's input, without state.

Training calls `describe` on still images, the live front end calls it on frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Float

QUALITY = ("face", "brightness", "contrast", "sharpness", "face_px", "frozen_s")
"""The signals measured for each frame, in this order:

face        1 if a face was encoded, else 0
brightness  mean luma, 0..1, of the crop (without a face of the whole frame, as below)
contrast    standard deviation of luma, 0..1
sharpness   log10 of the variance of the Laplacian, luma in 0..255: about 2-4 sharp, below 1 blurred
face_px     distance between the eyes in pixels of the source; 0 without a face
frozen_s    seconds since the frame last changed
"""

_LAPLACE_EPS = 1e-2
_WHOLE_FRAME_PX = 96


@dataclass(frozen=True)
class FaceParams:
    """All parameters that determine the crop's pixels.

    `template` holds the right eye, left eye, nose tip and mouth centre (the person's own right) in
    pixels of the crop: medians of MediaPipe's short-range detector on FER+ images. So a training
    face is hardly moved, and a live face is aligned with the training faces.
    """

    version: int = 1
    size: int = 48
    template: tuple[tuple[float, float], ...] = (
        (16.0, 19.0),
        (33.0, 19.0),
        (24.5, 29.3),
        (24.4, 37.4),
    )
    min_score: float = 0.5
    detect_px: int = 320
    away_s: float = 1.0
    frozen_grid_px: int = 80
    frozen_difference: float = 0.05


def describe(
    image: NDArray[np.uint8], keypoints: NDArray[np.floating], params: FaceParams
) -> tuple[Float, Float]:
    """Align and crop one face, and measure the crop.

    Args:
        image: Grey (h, w) or BGR (h, w, 3), uint8.
        keypoints: Shape (4, 2): x, y in pixels (a pixel's centre is at +0.5), ordered as template.

    Returns:
        The crop, float32 in 0..1, shape (1, size, size), and a value for each name of `QUALITY`
        (`frozen_s` is 0, because one frame is not enough to measure it).
    """
    to_crop = similarity(keypoints, np.asarray(params.template))
    crop = aligned(image, to_crop, params.size)
    eyes_px = float(np.hypot(*(keypoints[0] - keypoints[1])))
    quality = np.array([1.0, *_luma(crop), eyes_px, 0.0], dtype=np.float32)
    return (crop[None].astype(np.float32) / np.float32(255.0)), quality


def describe_without_face(image: NDArray[np.uint8]) -> Float:
    """Measure a whole frame in which no face was found; shape (Q,)."""
    shrink = max(1, max(image.shape[:2]) // _WHOLE_FRAME_PX)
    small = _grey(image[::shrink, ::shrink])
    return np.array([0.0, *_luma(small), 0.0, 0.0], dtype=np.float32)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, scale and shift (no mirror) that best map `source` to `target`; shape (2, 3).

    Least squares in closed form: with points as complex numbers it is a single regression.
    """
    p = source[:, 0] + 1j * source[:, 1]
    q = target[:, 0] + 1j * target[:, 1]
    p0, q0 = p.mean(), q.mean()
    spread = float(np.sum(np.abs(p - p0) ** 2))
    turn = np.sum(np.conj(p - p0) * (q - q0)) / spread if spread > 0 else 1.0 + 0j
    shift = q0 - turn * p0
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def aligned(image: NDArray[np.uint8], to_crop: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Sample the crop, uint8 (size, size), of a grey or BGR image.

    A larger face is first shrunk by area to the crop's scale: direct sampling would alias, and
    training faces have this size natively.
    """
    scale = float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
    turn = to_crop[:, :2]
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)
    inside = (corners - to_crop[:, 2]) @ np.linalg.inv(turn).T
    margin = 2.0 / min(scale, 1.0)
    height, width = image.shape[:2]
    # At least one pixel, even if the face is beyond the border.
    x0 = int(np.clip(np.floor(inside[:, 0].min() - margin), 0, width - 1))
    y0 = int(np.clip(np.floor(inside[:, 1].min() - margin), 0, height - 1))
    x1 = int(np.clip(np.ceil(inside[:, 0].max() + margin), x0 + 1, width))
    y1 = int(np.clip(np.ceil(inside[:, 1].max() + margin), y0 + 1, height))
    region = _grey(image[y0:y1, x0:x1])
    shrunk_x = shrunk_y = 1.0
    if scale < 1.0:
        new_w = max(1, round((x1 - x0) * scale))
        new_h = max(1, round((y1 - y0) * scale))
        shrunk_x, shrunk_y = new_w / (x1 - x0), new_h / (y1 - y0)
        small = cv2.resize(region, (new_w, new_h), interpolation=cv2.INTER_AREA)
        region = np.asarray(small, dtype=np.uint8)
    # region pixel index -> frame coordinates -> crop coordinates -> crop pixel index
    region_to_frame = np.array(
        [[1 / shrunk_x, 0, x0 + 0.5 / shrunk_x], [0, 1 / shrunk_y, y0 + 0.5 / shrunk_y], [0, 0, 1]]
    )
    matrix = to_crop @ region_to_frame
    matrix[:, 2] -= 0.5
    warped = cv2.warpAffine(
        region, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.uint8)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _luma(grey: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Brightness, contrast and sharpness."""
    laplacian = cv2.Laplacian(grey, cv2.CV_32F, ksize=1)
    sharpness = float(np.log10(laplacian.var() + _LAPLACE_EPS))
    return float(grey.mean()) / 255.0, float(grey.std()) / 255.0, sharpness
