"""What all readers do with raw features: scale by the training part, gather the surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float

FAR = 5.0
"""Deviations beyond which a scaled feature is cut: heavy tails would rule the batch."""


def scaled(x: NDArray[np.floating], train: NDArray[np.bool_]) -> Float:
    """Columns with mean 0 and deviation 1 over the `train` rows; NaN becomes the mean, and columns
    that are constant in training are left out.

    Args:
        x: (N, D).
        train: (N,), the only rows that are looked at.
    """
    rows = x[train].astype(np.float64)
    mean = np.nanmean(rows, axis=0)
    deviation = np.nanstd(rows, axis=0)
    varies = deviation > 1e-6 * np.maximum(1.0, np.abs(mean))
    z = (x[:, varies].astype(np.float64) - mean[varies]) / deviation[varies]
    return np.asarray(np.clip(np.nan_to_num(z, nan=0.0), -FAR, FAR), np.float32)


def surroundings(
    groups: NDArray[np.str_], order: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The neighbours of each sample within its group, by order, itself among them.

    Args:
        groups: (N,).
        order: (N,), the place in the group.
        reach: how many neighbours on either side.

    Returns:
        Rows (N, 2 * reach + 1), -1 for padding, which comes last; lengths (N,); and the step (N,)
        at which the sample itself stands.

    Raises:
        DataError: `reach` is not a number of neighbours.
    """
    if not isinstance(reach, int) or reach < 0:
        raise DataError(
            f"The option reach is {reach!r}: it must be a number of neighbours, 0 or more."
        )
    count = len(groups)
    rows = np.full((count, 2 * reach + 1), -1, np.int64)
    lengths, focus = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        members = members[np.argsort(order[members], kind="stable")]
        for place, sample in enumerate(members):
            first = max(0, place - reach)
            near = members[first : place + reach + 1]
            rows[sample, : len(near)] = near
            lengths[sample], focus[sample] = len(near), place - first
    return rows, lengths, focus


def gathered(x: Float, rows: NDArray[np.int64]) -> Float:
    """Features (N, D) at `rows` (N, T) as sequences (N, T, D), zeros where the row is -1."""
    out = x[np.maximum(rows, 0)]
    out[rows < 0] = 0.0
    return out
