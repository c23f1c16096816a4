"""Encodes a frame as a small JPEG with its face marked."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Box

LONGEST_PX = 480
QUALITY = 75
MARK_BGR, EDGE_BGR = (80, 255, 120), (0, 0, 0)
"""Green on black is visible on bright and dark faces."""


def jpeg(bgr: NDArray[np.uint8], box: Box | None) -> bytes:
    """Shrink and encode `bgr` (height, width, 3). `box` is in pixels of `bgr`."""
    height, width = bgr.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA) if scale < 1 else bgr.copy()
    if box is not None:
        x, y, w, h = (round(value * scale) for value in box)
        for colour, thickness in ((EDGE_BGR, 4), (MARK_BGR, 2)):
            cv2.rectangle(small, (x, y), (x + w, y + h), colour, thickness)
    done, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes() if done else b""
