"""Draws the validation slice of a run, which `cdat-export build` puts into the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.types import STREAMS
from train.stages.shipped_slice import SLICE_NAME, ShippedSlice, write_slice
from train.stages.stream_windows import StreamWindows

WINDOWS = 300
MAY_SHIP: dict[str, tuple[str, ...]] = {
    "text": ("goemotions",),
    "audio": ("ravdess", "nemo"),
}
"""The corpora whose terms permit that numbers derived from them are passed on: GoEmotions is
Apache-2.0; RAVDESS and nEMO are CC BY-NC-SA 4.0, so the slice is, too. All others are for research,
or state no terms; among them are all pictures, so a slice has no vision."""


def write_validation_slice(
    run: Path,
    windows: Mapping[str, StreamWindows],
    corpus: Mapping[str, NDArray[np.str_]],
    labels: tuple[str, ...],
    seed: int,
) -> Path | None:
    """Write `run`/validation_slice.npz, if a stream has windows that may ship; else remove it.

    Windows without a fault are composed by class, labels in equal numbers: the streams are
    independent given the label. A stream that lacks a label has no part in it.

    Args:
        windows: Of the validation split, by stream.
        corpus: Of every item of a stream.
    """
    rng = np.random.default_rng([seed, WINDOWS])
    label = np.arange(WINDOWS) % len(labels)
    streams, embeddings, quality = [], [], []
    for stream in STREAMS:
        own = windows[stream]
        allowed = own.clean & np.isin(corpus[stream][own.item], MAY_SHIP.get(stream, ()))
        rows = np.empty(WINDOWS, np.int64)
        for number in range(len(labels)):
            there = np.flatnonzero(allowed & (own.label == number))
            if not len(there):
                break
            here = np.flatnonzero(label == number)
            # Each window once before any is taken again.
            turns = [rng.permutation(there) for _ in range(-(-len(here) // len(there)))]
            rows[here] = np.concatenate(turns)[: len(here)]
        else:
            streams.append(stream)
            embeddings.append(own.embedding[rows])
            quality.append(own.quality[rows])
    path = run / SLICE_NAME
    if not streams:
        path.unlink(missing_ok=True)
        return None
    write_slice(
        path,
        ShippedSlice(
            labels,
            tuple(streams),
            np.stack(embeddings, axis=1).astype(np.float16),
            np.concatenate(quality, axis=1).astype(np.float32),
            label.astype(np.int64),
        ),
    )
    return path
