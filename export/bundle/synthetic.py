"""Synthetic inputs of the graphs: a bundle carries no item of a corpus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.frontends import FrontEndParams
from edge.frontends.text import encode

SENTENCES = (
    "i am so glad you came",
    "leave me alone i never want to see you again",
    "kids are talking by the door",
    "oh my god what was that",
)


def synthetic_item(
    stream: str,
    number: int | None,
    shape: tuple[int, ...],
    params: FrontEndParams,
    rng: np.random.Generator,
) -> NDArray[np.generic]:
    """One input of an encoder, shape (1, *shape).

    Args:
        number: Of the golden input; None for a random one.
        shape: Of one item, as in the manifest.
    """
    if stream == "text":
        if number is not None:
            return np.array(encode(SENTENCES[number].split(), params.text)[None])
        ids = rng.integers(0, params.text.buckets, shape)
        ids[int(rng.integers(1, shape[0])) :] = 0
        return ids[None].astype(np.int32)
    x = rng.standard_normal(shape)
    # Smoothed, because pictures and spectra are smooth.
    for axis in (1, 2):
        x = (np.roll(x, 1, axis) + x + np.roll(x, -1, axis)) / np.sqrt(3)
    x = 0.5 + 0.2 * x if stream == "vision" else 3.0 * x - 8.0
    return (np.clip(x, 0, 1) if stream == "vision" else x)[None].astype(np.float32)


def noisy_signals(
    middle: NDArray[np.float32], deviation: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Signals (Q,): normal around `middle`."""
    return (middle + deviation * rng.standard_normal(len(middle))).astype(np.float32)
