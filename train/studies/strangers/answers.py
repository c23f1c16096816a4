"""What a bundle answers for the items of one stream: the encoder, the pooling, and the fusion graph
under that stream's own mask."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.recognition.pooling import pool
from edge.types import MASKS, STREAMS, Float
from train.cache import cached, digest
from train.corpora.labels import LABELS
from train.studies.strangers.sources import Source

log = logging.getLogger("train")


@dataclass(frozen=True)
class Answers:
    """For n items: the embedding (n, D), the probabilities (n, 7) in the order of `LABELS`, and the
    confidence (n,) that the product shows."""

    embeddings: Float
    probabilities: Float
    confidence: Float


def answers(
    bundle: Bundle, networks: Networks, source: Source, rows: NDArray[np.int64], cache: Path
) -> Answers:
    """Answers for `rows` of a source; kept in `cache` for the same graphs and data.

    The measured signals are the bundle's typical ones: a stranger's label is judged here, not
    whether the gate lets the stream in.

    Raises:
        EngineError: A graph failed, or an output is not finite.
    """
    manifest, stream = bundle.manifest, source.stream
    graphs = [manifest.files[manifest.streams[stream].graph], manifest.files[manifest.fusion.graph]]
    typical = [manifest.streams[name].typical_quality for name in manifest.names]
    facts = (graphs, typical, manifest.labels, manifest.frontend_digest, source.facts)
    key = digest("answers", 2, *facts, rows.tolist())

    def make() -> dict[str, NDArray[Any]]:
        log.info("%s: %d items of %s", stream, len(rows), source.name)
        embeddings = _embedded(networks, stream, source.windows(rows))
        probabilities, confidence = fused_alone(bundle, networks, stream, embeddings)
        return {
            "embeddings": embeddings,
            "probabilities": probabilities,
            "confidence": confidence,
        }

    stored = cached(cache, f"answers-{source.name}", key, make)
    return Answers(stored["embeddings"], stored["probabilities"], stored["confidence"])


def _embedded(networks: Networks, stream: str, windows: Iterable[NDArray[Any]]) -> Float:
    pooled = []
    for window in windows:
        embeddings, logits = zip(*(networks.encode(stream, item) for item in window), strict=True)
        pooled.append(pool(np.stack(embeddings), np.array(logits, np.float32)))
    return np.stack(pooled)


def fused_alone(
    bundle: Bundle, networks: Networks, stream: str, embeddings: Float
) -> tuple[Float, Float]:
    """Probabilities (n, 7) in the order of `LABELS` and confidence (n,) for pooled embeddings
    (n, D), as if only this stream were there, with the typical signals.

    Raises:
        EngineError: The graph failed, or an output is not finite.
    """
    manifest = bundle.manifest
    quality = np.concatenate(
        [np.array(manifest.streams[s].typical_quality, np.float32) for s in manifest.names]
    )
    mask, order = MASKS.index((stream,)), [manifest.labels.index(label) for label in LABELS]
    alone = np.zeros((len(STREAMS), embeddings.shape[1]), np.float32)
    probabilities, confidence = [], []
    for embedding in embeddings:
        alone[STREAMS.index(stream)] = embedding
        fused = networks.fuse(alone, quality)
        probabilities.append(fused.outputs[mask][order])
        confidence.append(fused.confidence[mask])
    return np.array(probabilities, np.float32), np.array(confidence, np.float32)
