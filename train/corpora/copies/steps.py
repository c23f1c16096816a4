"""Steps of sequences: scaled, valid ones first, shortened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.corpora.features import FAR

BLOCK = 256
"""Samples that are worked on at once: MOSEI's features take gigabytes, and copies of them too."""


def scaled_steps(
    x: Float, valid: NDArray[np.bool_], counted: NDArray[np.bool_], name: str
) -> Float:
    """Features with mean 0 and standard deviation 1 over some steps; columns that are constant
    there are removed, and steps that are not valid are 0.

    Args:
        x: (N, T, D).
        valid: (N, T).
        counted: (N, T), the steps from which mean and deviation are computed.

    Raises:
        DataError: NaN or inf, or every column is constant.
    """
    blocks = [slice(first, first + BLOCK) for first in range(0, len(x), BLOCK)]
    bad = np.concatenate([~np.isfinite(x[rows]).all(axis=(1, 2)) for rows in blocks])
    if bad.any():
        raise DataError(
            f"{name} holds NaN or inf in {int(bad.sum())} samples (first: row"
            f" {int(np.argmax(bad))}): correct them, or leave those samples out."
        )
    count = int(counted.sum())
    if not count:
        raise DataError(f"{name} is empty in every training sample: leave the stream out.")
    total = sum(x[rows][counted[rows]].sum(axis=0, dtype=np.float64) for rows in blocks)
    mean = np.asarray(total / count)
    squares = sum(np.square(x[rows][counted[rows]] - mean).sum(axis=0) for rows in blocks)
    deviation = np.sqrt(squares / count)
    varies = deviation > 1e-6 * np.maximum(1.0, np.abs(mean))
    if not varies.any():
        raise DataError(f"{name} is the same in every training sample: leave the stream out.")
    out = np.zeros((*x.shape[:2], int(varies.sum())), np.float32)
    for rows in blocks:
        z = (x[rows][valid[rows]][:, varies] - mean[varies]) / deviation[varies]
        out[rows][valid[rows]] = np.clip(z, -FAR, FAR)
    return out


def valid_first(x: Float) -> tuple[Float, NDArray[np.int64]]:
    """Sequences (N, T, D) without the zeros before and after them, moved to the start, and their
    lengths (N,). MulT's files are padded in front, MMSA's behind."""
    there = (x != 0).any(axis=2)
    first = np.argmax(there, axis=1)
    last = x.shape[1] - np.argmax(there[:, ::-1], axis=1)
    lengths = np.where(there.any(axis=1), last - first, 0).astype(np.int64)
    if not first.any():
        return x, lengths
    out = np.zeros_like(x)
    for row, (begin, length) in enumerate(zip(first, lengths, strict=True)):
        out[row, :length] = x[row, begin : begin + length]
    return out, lengths


def shortened(
    x: Float, lengths: NDArray[np.int64], steps: int | None
) -> tuple[Float, NDArray[np.int64]]:
    """Sequences (N, T, D) of at most `steps` steps, each the mean of as many neighbours in all
    samples, and their lengths; unchanged where `steps` is None.

    Raises:
        DataError: `steps` is not a number of at least 1.
    """
    if steps is None:
        return x, lengths
    if not isinstance(steps, int) or steps < 1:
        raise DataError(f"The option steps is {steps!r}: it must be a whole number, at least 1.")
    width = -(-x.shape[1] // steps)
    starts = np.arange(0, x.shape[1], width)
    valid = np.arange(x.shape[1]) < lengths[:, None]
    counts = np.add.reduceat(valid, starts, axis=1, dtype=np.int64)
    out = np.zeros((len(x), len(starts), x.shape[2]), np.float32)
    for first in range(0, len(x), BLOCK):
        rows = slice(first, first + BLOCK)
        kept = np.where(valid[rows, :, None], x[rows], np.float32(0))
        out[rows] = np.add.reduceat(kept, starts, axis=1)
    out /= np.maximum(counts, 1)[:, :, None].astype(np.float32)
    return out, (counts > 0).sum(axis=1)


def without_minus_infinity(sound: Float) -> Float:
    """COVAREP gives -inf where it cannot measure; 0 instead, as everywhere in the field."""
    return np.where(np.isneginf(sound), np.float32(0), sound)
