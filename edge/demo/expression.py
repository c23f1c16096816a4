"""Expressions for the demo's portrait: points of the photograph are pulled, the skin follows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.types import Float


@dataclass(frozen=True, slots=True)
class Pull:
    """Moves the point (`x`, `y`) by `right` and `down`; what lies around follows, as a Gaussian of
    the standard deviations `reach_x` and `reach_y`. All in pixels of the picture."""

    x: float
    y: float
    right: float
    down: float
    reach_x: float
    reach_y: float


EXPRESSIONS = {
    # The corners of the mouth go up and out, the cheeks and the lower lids up.
    "smile": (
        Pull(229, 279, -11, -16, 17, 17),
        Pull(308, 277, 11, -16, 17, 17),
        Pull(268, 285, 0, 6, 24, 11),
        Pull(227, 247, -2, -8, 18, 13),
        Pull(310, 245, 2, -8, 18, 13),
        Pull(222, 204, 0, -4, 15, 6),
        Pull(303, 203, 0, -4, 15, 6),
    ),
    # The corners of the mouth and the outer brows go down, the inner brows up.
    "sad": (
        Pull(229, 279, 2, 9, 15, 15),
        Pull(308, 277, -2, 9, 15, 15),
        Pull(268, 277, 0, -4, 22, 10),
        Pull(238, 163, 0, -7, 12, 7),
        Pull(287, 161, 0, -7, 12, 7),
        Pull(200, 165, 0, 3.5, 12, 7),
        Pull(318, 161, 0, 3.5, 12, 7),
    ),
    # The mouth is round and the jaw low, the brows and the upper lids are up.
    "surprise": (
        Pull(229, 279, 13, 0, 15, 15),
        Pull(308, 277, -13, 0, 15, 15),
        Pull(268, 262, 0, -4, 20, 8),
        Pull(268, 310, 0, 10, 40, 22),
        Pull(238, 163, 0, -8, 16, 8),
        Pull(287, 161, 0, -8, 16, 8),
        Pull(205, 165, 0, -8, 14, 8),
        Pull(318, 161, 0, -8, 14, 8),
        Pull(222, 183, 0, -4, 15, 5),
        Pull(303, 182, 0, -4, 15, 5),
    ),
}
"""For `edge/assets/grace_hopper.jpg`. The packaged vision encoder follows these three: smile 0.97
happy, sad 0.88 sad, surprise with the mouth wide open 0.79 (with it shut 0.08: the glasses hide the
brows). It follows no anger: inner brows lowered by 9 and 14 pixels, lids narrowed, lips pressed and
lowered or the mouth square, and furrows drawn in a dark skin colour gave 0.02 to 0.04 in eleven
mixtures, and to the eye a grim face or a mask."""

_ROUNDS = 8
"""Each at least halves the error of the inverse: the pulls stretch by less than a factor of 2."""


def bend(pulls: tuple[Pull, ...], x: Float, y: Float) -> Float:
    """Where the pixels come from that are seen after the pulls.

    Args:
        pulls: What is pulled.
        x, y: Shape (h, w), the coordinates of a rectangle of pixels, as `np.mgrid` makes them.

    Returns:
        Float32, shape (2, h, w): to be added to `x` and `y`. A share of it is a share of the
        expression.
    """
    moved = np.zeros((2, *x.shape), np.float32)
    for pull in pulls:
        near = np.exp(
            -(((x - pull.x) / pull.reach_x) ** 2 + ((y - pull.y) / pull.reach_y) ** 2) / 2
        )
        moved += np.stack([pull.right * near, pull.down * near]).astype(np.float32)
    # It says where a pixel goes to; a picture is drawn from where each pixel comes from.
    left, top = float(x[0, 0]), float(y[0, 0])
    back = np.zeros_like(moved)
    for _ in range(_ROUNDS):
        at_x, at_y = x - left - back[0], y - top - back[1]
        back = np.stack([cv2.remap(part, at_x, at_y, cv2.INTER_LINEAR) for part in moved])
    return np.asarray(-back, np.float32)
