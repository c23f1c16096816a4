"""Measures how much the mouth of a tracked face moves from one frame to the next.

A head, a hand, light and noise move all of a face. So both frames are aligned by the same points,
and what the upper face shows of shift, turn, stretch and light is fitted and taken away everywhere.
What is left of the mouth, against what is left of the upper face, is the mouth's own motion.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frontends.face_crop import aligned, similarity
from edge.types import NS_PER_S, Float

_SIDE_PX = 64
_POINTS = np.array([(21.3, 25.3), (44.0, 25.3), (32.7, 39.1), (32.5, 49.9)])
"""Right eye, left eye, nose tip and mouth there: `FaceParams.template` in another scale."""
_MIN_EYES_PX = 16.0
"""Of a smaller face the lips' motion is less than a pixel."""
_MAX_GAP_NS = NS_PER_S * 3 // 10
_FLOOR = 0.3
"""Grey levels, about the rounding of a pixel: two frames without any change give 0."""
_MIN_CONTRAST = 8.0
"""Of the mouth, in grey levels. In the dark, moving lips change less than the noise does; the GRID
clips have 12 to 22."""
_MAX_REST = 1.2
"""With more left of the upper face, in grey levels, noise or a fast head hides the lips: the
mouths of the GRID clips that speak then come near the limit of `edge.recognition.speaking`."""

_y, _x = np.mgrid[:_SIDE_PX, :_SIDE_PX].astype(np.float32)
_MOUTH = ((_x - 32.5) / 14.0) ** 2 + ((_y - 50.9) / 12.2) ** 2 <= 1
_UPPER = (_y > 7.6) & (_y < 41.0) & (np.abs(_x - 32) < 25.6)
_BOTH = _MOUTH | _UPPER
_IN_UPPER = _UPPER[_BOTH]
_IN_MOUTH = _MOUTH[_BOTH]
_FROM_X = ((_x - 32) / _SIDE_PX)[_BOTH]
_FROM_Y = ((_y - 32) / _SIDE_PX)[_BOTH]


class MouthMotion:
    """Compares each frame of one tracked face with the one before. One thread."""

    def __init__(self) -> None:
        self._last: tuple[NDArray[np.uint8], NDArray[np.floating], int] | None = None

    def forget(self) -> None:
        """The face is away or another: the next frame is compared with none."""
        self._last = None

    def see(self, image: NDArray[np.uint8], keypoints: NDArray[np.floating], t_ns: int) -> None:
        """Only keep this frame, to compare the next one with. As `measure`, at no cost."""
        self._last = (image, keypoints, t_ns)

    def measure(
        self, image: NDArray[np.uint8], keypoints: NDArray[np.floating], t_ns: int
    ) -> float | None:
        """How much more the mouth moved than the upper face, as a natural logarithm.

        Args:
            image: Grey (h, w) or BGR (h, w, 3), uint8. Kept until the next call, not copied.
            keypoints: Shape (4, 2) in pixels, ordered as `FaceParams.template`.
            t_ns: Capture time.

        Returns:
            About 0 for a still mouth, 1 or more for one that speaks. None where it cannot be told:
            no frame shortly before, or the face is small, dark, noisy or turns too fast.
        """
        last, self._last = self._last, (image, keypoints, t_ns)
        if last is None or not 0 < t_ns - last[2] <= _MAX_GAP_NS:
            return None
        middle = (keypoints + last[1]) / 2
        if not float(np.hypot(*(middle[0] - middle[1]))) >= _MIN_EYES_PX:
            return None
        to_mouth = similarity(middle, _POINTS)
        return motion(aligned(last[0], to_mouth, _SIDE_PX), aligned(image, to_mouth, _SIDE_PX))


def motion(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float | None:
    """The measure of two aligned pictures, uint8 (64, 64): see `MouthMotion.measure`."""
    a = cv2.GaussianBlur(before.astype(np.float32), (0, 0), 1.0)
    b = cv2.GaussianBlur(after.astype(np.float32), (0, 0), 1.0)
    both = (a + b) / 2
    if not float(both[_MOUTH].std()) >= _MIN_CONTRAST:
        return None
    along = np.asarray(cv2.Sobel(both, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)[_BOTH]
    down = np.asarray(cv2.Sobel(both, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)[_BOTH]
    level = a[_BOTH]
    change = b[_BOTH] - level
    # One column for each way in which the whole face may change.
    moves = (along, down)
    stretches = (along * _FROM_X, along * _FROM_Y, down * _FROM_X, down * _FROM_Y)
    light = (level, np.ones_like(level))
    ways = np.stack([*moves, *stretches, *light]).astype(np.float64)
    upper = ways[:, _IN_UPPER]
    # The small diagonal makes a picture of one colour solvable.
    fit = np.linalg.solve(upper @ upper.T + np.eye(len(ways)), upper @ change[_IN_UPPER])
    rest: Float = np.abs(change - fit @ ways)
    rest_upper, rest_mouth = float(rest[_IN_UPPER].mean()), float(rest[_IN_MOUTH].mean())
    if not rest_upper <= _MAX_REST:
        return None
    return math.log((rest_mouth + _FLOOR) / (rest_upper + _FLOOR))
