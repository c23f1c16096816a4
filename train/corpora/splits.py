"""Four parts that share no subject: train, held (for ConfidNet alone), val and test.

The confidence head has to see the other networks' mistakes on people they never saw, so a part of
what a corpus calls "train" is kept from the encoders and from fusion.
"""

from __future__ import annotations

import zlib
from typing import Literal

Split = Literal["train", "held_out", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "held_out", "val", "test")

HELD_OUT_PERCENT = 15

HELD_OUT_ACTORS = frozenset({13, 14, 15, 16})
VAL_ACTORS = frozenset({17, 18})
TEST_ACTORS = frozenset({19, 20, 21, 22, 23, 24})


def split_of_actor(actor: int) -> Split:
    """RAVDESS: odd actors are men, even ones women, so every part holds both in equal number."""
    if actor in TEST_ACTORS:
        return "test"
    if actor in VAL_ACTORS:
        return "val"
    return "held_out" if actor in HELD_OUT_ACTORS else "train"


def train_or_held_out(group: str) -> Split:
    """Part of a training row by a stable hash of what must stay together (a dialogue, an image)."""
    return "held_out" if zlib.crc32(group.encode()) % 100 < HELD_OUT_PERCENT else "train"
