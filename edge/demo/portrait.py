"""The demo's portrait: its mouth opens and closes with a voice, and its expression changes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.demo.expression import EXPRESSIONS, bend
from edge.errors import SourceError
from edge.types import Float

_OPENINGS = 12
_LIPS_X, _LIPS_Y, _HALF_WIDTH = 268.0, 277.0, 37.0
"""Where the lips meet in the picture, and half the length of that line; its ends lie lower."""
_ENDS_LOWER = 3.0
_NOSE_Y, _CHIN_Y = 256.0, 332.0
"""Above and below nothing moves."""
_WIDEST = 15.0
_UPPER_SHARE = 0.2
"""Of an opening, the upper lip gives a fifth and the jaw the rest."""
_INSIDE = (26.0, 24.0, 58.0)
"""The colour between the lips, BGR."""
_SMILE_CLOSES = 0.5
"""Share by which a smile's stretched lips open less: wide open, it would be a caricature."""
_WONDER_OPENS = 0.7
"""Share to which the mouth of a surprised face is open at least: shut, nobody sees the surprise."""
_FACE = (slice(125, 390), slice(140, 396))
"""Rows and columns outside which no expression moves anything by a tenth of a pixel."""
_AT_REST: Mapping[str, float] = {}


class Portrait:
    """Grace Hopper, 512x600. A few openings of the mouth are made once, 11 MB; an expression is
    bent into one of them in about a millisecond."""

    def __init__(self) -> None:
        """Raises SourceError when the picture cannot be read."""
        path = Path(str(resources.files("edge"))) / "assets" / "grace_hopper.jpg"
        image = cv2.imread(str(path))
        if image is None:
            raise SourceError(f"The demo's portrait cannot be read: {path}; reinstall cdat-edge.")
        closed = np.asarray(image, np.uint8)
        self._pictures = [_opened(closed, step / (_OPENINGS - 1)) for step in range(_OPENINGS)]
        y, x = np.mgrid[_FACE].astype(np.float32)
        self._here = np.stack([x, y])
        self._bends = {name: bend(pulls, x, y) for name, pulls in EXPRESSIONS.items()}

    def speaking(
        self, openness: float, expression: Mapping[str, float] = _AT_REST
    ) -> NDArray[np.uint8]:
        """BGR, shape (600, 512, 3), not to be written to.

        Args:
            openness: Of the mouth, 0 (closed: the photograph itself) to 1.
            expression: Shares of `edge.demo.expression.EXPRESSIONS`, 0 to 1 in all; none: at rest.
        """
        openness *= 1 - _SMILE_CLOSES * expression.get("smile", 0.0)
        wonder = _WONDER_OPENS * expression.get("surprise", 0.0)
        openness = wonder + (1 - wonder) * openness
        opened = self._pictures[round(min(max(openness, 0.0), 1.0) * (_OPENINGS - 1))]
        shares = {name: share for name, share in expression.items() if share > 0}
        if not shares:
            return opened
        from_x, from_y = sum(
            (share * self._bends[name] for name, share in shares.items()), self._here
        )
        picture = opened.copy()
        picture[_FACE] = cv2.remap(opened, from_x, from_y, cv2.INTER_LINEAR)
        return picture


def openness(speech: Float, rate_hz: int, fps: float) -> Float:
    """How far a mouth is open that says `speech`, 0..1, one value for each frame from time 0.

    It follows the level of the 80 ms around the frame; a tenth of the speech is at the widest.
    """
    half = rate_hz // 25
    starts = np.round(np.arange(int(len(speech) / rate_hz * fps)) / fps * rate_hz).astype(np.int64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(speech, dtype=np.float64))])
    first, last = np.maximum(starts - half, 0), np.minimum(starts + half, len(speech))
    level = np.sqrt(np.maximum(energy[last] - energy[first], 0.0) / (2 * half))
    loud = max(float(np.quantile(level, 0.9)), 1e-6) if len(level) else 1.0
    return np.asarray(np.clip(level / loud, 0.0, 1.0) ** 0.7, np.float32)


def _opened(image: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The lips part, the lower one goes down with the jaw, and between them it is dark."""
    if share == 0.0:
        return image
    # Only what is between nose and chin is computed.
    top_px, bottom_px = int(_NOSE_Y), int(_CHIN_Y) + 1
    left_px, right_px = int(_LIPS_X - _HALF_WIDTH) - 3, int(_LIPS_X + _HALF_WIDTH) + 4
    y, x = np.mgrid[top_px:bottom_px, left_px:right_px].astype(np.float32)
    across = np.minimum(np.abs((x - _LIPS_X) / _HALF_WIDTH), 1.0)
    gap = share * _WIDEST * (1 - across**2)
    meet = _LIPS_Y + _ENDS_LOWER * across**2
    top, bottom = meet - _UPPER_SHARE * gap, meet + (1 - _UPPER_SHARE) * gap
    above = np.clip((y - _NOSE_Y) / (top - _NOSE_Y), 0, 1) * (meet - top)
    below = np.clip((_CHIN_Y - y) / (_CHIN_Y - bottom), 0, 1) * (bottom - meet)
    from_y = np.where(y <= top, y + above, np.where(y >= bottom, y - below, meet))
    moved: Any = cv2.remap(image, x, from_y.astype(np.float32), cv2.INTER_LINEAR)
    inside = np.clip(np.minimum(y - top, bottom - y) / 2.0, 0, 1)
    dark = cv2.GaussianBlur(inside, (0, 0), 0.8)[..., None] * min(1.0, 3 * share)
    opened = image.copy()
    mouth = moved * (1 - dark) + np.array(_INSIDE) * dark
    opened[top_px:bottom_px, left_px:right_px] = mouth.astype(np.uint8)
    return opened
