"""The targets of CMU-MOSI and CMU-MOSEI: sentiment from -3 to 3, as a number or as classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.task import Task

SEVEN = (
    "very negative",
    "negative",
    "weakly negative",
    "neutral",
    "weakly positive",
    "positive",
    "very positive",
)
TARGETS = ("regression", "binary", "binary_without_zero", "seven")
"""`binary` is negative against the rest, zero included; `binary_without_zero` leaves zero out. The
field reports both, and their numbers must not be mixed."""


def sentiment_targets(
    sentiment: NDArray[np.floating], target: str, where: str
) -> tuple[Task, tuple[str, ...], NDArray[np.int64] | Float, NDArray[np.bool_]]:
    """Task, labels, targets of the samples that are kept, and which those are, bool (N,).

    Args:
        sentiment: (N,).
        target: one of `TARGETS`.

    Raises:
        DataError: An unknown target, or a value that is not between -3 and 3.
    """
    wrong = ~(np.abs(sentiment) <= 3 + 1e-4)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{where}: the sentiment is {sentiment[row]:g} in row {row}: it must be between -3 and"
            " 3."
        )
    keep = np.ones(len(sentiment), bool)
    if target == "regression":
        return "regression", ("sentiment",), sentiment[:, None].astype(np.float32), keep
    if target == "binary":
        return "classes", ("negative", "not negative"), (sentiment >= 0).astype(np.int64), keep
    if target == "binary_without_zero":
        keep = sentiment != 0
        return "classes", ("negative", "positive"), (sentiment[keep] > 0).astype(np.int64), keep
    if target == "seven":
        # numpy rounds halves to even, as the field's Acc-7 does.
        return "classes", SEVEN, (np.round(sentiment) + 3).astype(np.int64), keep
    raise DataError(f"The option target is '{target}': it must be one of {', '.join(TARGETS)}.")
