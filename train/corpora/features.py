"""Features of all readers: scaling by the training split, and sequences of neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float

FAR = 5.0
"""Standard deviations at which a scaled feature is clipped, so outliers do not dominate a batch."""


def scaled(
    x: NDArray[np.floating], train: NDArray[np.bool_], name: str, missing: bool = False
) -> Float:
    """Columns with mean 0 and standard deviation 1 over the `train` rows; columns that are constant
    in training are removed.

    Args:
        x: (N, D).
        train: (N,), the rows from which mean and deviation are computed.
        name: of the stream and its file, for messages.
        missing: NaN means "not measured" (the pitch of a clip without voice) and becomes the mean.

    Raises:
        DataError: A value is not finite (one inf would wipe its column out), there are other rows
            than in `train`, or every column is constant.
    """
    if x.ndim != 2 or len(x) != len(train):
        raise DataError(
            f"{name} has the shape {list(x.shape)}: it must be ({len(train)} samples, features)."
        )
    bad = (np.isinf(x) if missing else ~np.isfinite(x)).any(axis=1)
    if bad.any():
        raise DataError(
            f"{name} holds {'inf' if missing else 'NaN or inf'} in {int(bad.sum())} samples"
            f" (first: row {int(np.argmax(bad))}): correct them, or leave those samples out."
        )
    if not train.any():
        raise DataError(f"{name}: no sample is in the training split.")
    rows = x[train].astype(np.float64)
    if np.isnan(rows).all(axis=0).any():
        raise DataError(f"{name} has a column that is NaN in every training sample: leave it out.")
    mean, deviation = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    varies = deviation > 1e-6 * np.maximum(1.0, np.abs(mean))
    if not varies.any():
        raise DataError(f"{name} is the same in every training sample: leave the stream out.")
    z = (x[:, varies].astype(np.float64) - mean[varies]) / deviation[varies]
    return np.asarray(np.clip(np.nan_to_num(z, nan=0.0), -FAR, FAR), np.float32)


def surroundings(
    groups: NDArray[np.str_], order: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each sample with its neighbours in the same group, in order.

    Args:
        groups: (N,).
        order: (N,), the position in the group.
        reach: number of neighbours on each side.

    Returns:
        Rows (N, 2 * reach + 1), with padding (-1) at the end; lengths (N,); and the step (N,) of
        the sample itself.

    Raises:
        DataError: `reach` is not an integer of 0 or more.
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
