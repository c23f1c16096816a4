"""Inputs for INT8 calibration: real items of the training split, and fusion windows made of them
with the faults of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.engines import Engine
from edge.errors import DataError
from edge.types import Float
from export.graphs.precision import Inputs
from export.proof.passes import Engines, encode
from export.proof.real_slice import read_corpora
from train.corpora.items import Corpora
from train.stages.full_items import full_items
from train.stages.window_makers import MAKERS, Row

INPUTS = 256
"""Default inputs of each graph, from as many items of the training split."""
WINDOWED = 96
"""Items of each stream that windows are made of: one in three is clean, the others usually have a
fault. Making the windows of a clip takes a tenth of a second."""


def calibration_inputs(
    bundle: Bundle, reference: Engines, data: Path, count: int = INPUTS, seed: int = 0
) -> dict[str, list[Inputs]]:
    """Inputs of each graph, for `export.graphs.precision.in_int8`.

    An encoder gets one input of each item: a crop, one segment of a clip, or a table of words. The
    fusion graph gets windows whose signals and embeddings are those of training, faults included,
    because signals of clean windows alone span a small part of what is measured live.

    Args:
        reference: FP32 engines, which make the embeddings of the windows.
        data: The folder of `train.corpora.folder.data_folder`.
        count: Items of each stream, and windows of fusion.

    Raises:
        DataError: A corpus is missing or damaged, or has no usable item.
        EngineError: An engine failed.
    """
    rng = np.random.default_rng(seed)
    corpora = read_corpora(data, bundle.manifest.names, count, "train", seed)
    out: dict[str, list[Inputs]] = {}
    rows: list[list[Row]] = []
    for stream in bundle.manifest.names:
        name = bundle.manifest.streams[stream].input
        windows = [np.asarray(made) for made in full_items(corpora, stream, "train")[0]]
        one = [w[int(rng.integers(len(w)))][None] for w in windows if len(w)]
        if not one:
            raise DataError(f"{data} has no {stream} item in the training split: copy all of it.")
        out[stream] = [{name: item} for item in one]
        rows.append(_windows(bundle, corpora, stream, reference[stream], rng))
    out["fusion"] = [
        _together([some[int(rng.integers(len(some)))] for some in rows]) for _ in range(count)
    ]
    return out


def _windows(
    bundle: Bundle, corpora: Corpora, stream: str, engine: Engine, rng: np.random.Generator
) -> list[Row]:
    found = []
    for number, item in enumerate(corpora.usable(stream, "train")[:WINDOWED]):
        maker = MAKERS[stream](corpora, bundle.manifest.window, int(item), number % 3, rng)
        try:
            wanted: NDArray[np.generic] = next(maker)
            while True:
                wanted = maker.send(encode(bundle, stream, engine, wanted))
        except StopIteration as end:
            if end.value is not None:
                found.append(end.value)
    if not found:
        raise DataError(f"No window can be made of the {stream} items of the training split.")
    return found


def _together(rows: list[Row]) -> Inputs:
    embeddings: list[Float] = [row["embedding"] for row in rows]
    return {
        "embeddings": np.stack(embeddings).astype(np.float32),
        "quality": np.concatenate([row["quality"] for row in rows]).astype(np.float32),
    }
