"""Pass real items through a bundle's engines: items to embeddings, and embeddings to labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.finite import run_finite
from edge.engines import Engine
from edge.recognition.pooling import pool
from edge.types import Float

Engines = Mapping[str, Engine]
"""By graph: each stream of the bundle, and "fusion"."""


def encode(
    bundle: Bundle, stream: str, engine: Engine, items: NDArray[np.generic]
) -> tuple[Float, Float]:
    """Embeddings (k, D) and pooling logits (k,) of `items` (k, *shape).

    Raises:
        EngineError: The engine failed, or a value is not finite.
    """
    spec = bundle.manifest.streams[stream]
    batches = (np.ascontiguousarray(item[None], dtype=spec.dtype) for item in items)
    outs = [run_finite(stream, engine, {spec.input: batch}) for batch in batches]
    embeddings = np.concatenate([out["embedding"] for out in outs])
    return embeddings, np.concatenate([out["logit"] for out in outs])


def pooled(
    bundle: Bundle, stream: str, engine: Engine, windows: Sequence[NDArray[np.generic]]
) -> Float:
    """The pooled embedding of each window, shape (n, D)."""
    return np.stack([pool(*encode(bundle, stream, engine, window)) for window in windows])


def typical_quality(bundle: Bundle) -> Float:
    """The typical signals of all streams, shape (Q,), in the fusion graph's order."""
    manifest = bundle.manifest
    return np.concatenate(
        [np.array(manifest.streams[s].typical_quality, np.float32) for s in manifest.names]
    )


def labels_by_mask(bundle: Bundle, engine: Engine, embeddings: Float) -> NDArray[np.int64]:
    """The label under each mask of the manifest, shape (n, M), with typical quality.

    Args:
        embeddings: (n, S, D), rows of zeros where a stream is absent.
    """
    quality = typical_quality(bundle)
    outs = [run_finite("fusion", engine, {"embeddings": e, "quality": quality}) for e in embeddings]
    return np.stack([out["probabilities"].argmax(axis=1) for out in outs])
