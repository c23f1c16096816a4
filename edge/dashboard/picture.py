"""Encodes a frame as a small JPEG with its face marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotation.tags import Tag, draw_tags
from edge.types import Box

LONGEST_PX = 480
QUALITY = 75
MARK_BGR, EDGE_BGR = (80, 255, 120), (0, 0, 0)
"""Green on black is visible on bright and dark faces."""


def jpeg(bgr: NDArray[np.uint8], box: Box | None, tags: Sequence[Tag] | None = None) -> bytes:
    """Shrink and encode `bgr` (height, width, 3).

    Args:
        box: Of the followed face, in pixels of `bgr`.
        tags: Of several people, instead of `box`.
    """
    height, width = bgr.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA) if scale < 1 else bgr.copy()
    small = np.asarray(shrunk, np.uint8)
    if tags is not None:
        draw_tags(small, [replace(tag, box=_scaled(tag.box, scale)) for tag in tags])
    elif box is not None:
        x, y, w, h = _scaled(box, scale)
        for colour, thickness in ((EDGE_BGR, 4), (MARK_BGR, 2)):
            cv2.rectangle(small, (x, y), (x + w, y + h), colour, thickness)
    done, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes() if done else b""


def _scaled(box: Box, scale: float) -> Box:
    x, y, width, height = (round(value * scale) for value in box)
    return x, y, width, height
