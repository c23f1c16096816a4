"""What a bundle answers on takes, with all that the steps are fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.types import MASKS, STREAMS, Float
from train.evaluation.answers import Answer, SeenNetworks
from train.evaluation.judged import UNKNOWN, Judged, judge
from train.evaluation.takes import Take

Known = dict[bytes, tuple[Float, float]]


@dataclass(frozen=True)
class Evidence:
    """n verdicts and what the networks were given and said for each. C labels.

    Attributes:
        embeddings: (n, 3, D).
        quality: (n, Q).
        reliability: (n, 3), of each step by itself; the verdicts' is a running mean.
        scores: (n, 7, C), of every mask.
        confidence: (n, 7), of every mask.
    """

    judged: Judged
    embeddings: NDArray[np.float32]
    quality: NDArray[np.float32]
    reliability: NDArray[np.float32]
    scores: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def at(self, rows: NDArray[np.bool_]) -> Evidence:
        """Some of the verdicts."""
        return Evidence(
            self.judged.at(rows),
            self.embeddings[rows],
            self.quality[rows],
            self.reliability[rows],
            self.scores[rows],
            self.confidence[rows],
        )

    @property
    def labelled(self) -> Evidence:
        """Those with a label."""
        return self.at(self.judged.true != UNKNOWN)


def gather(
    takes: Sequence[Take],
    bundle: Bundle,
    known: Known,
    progress: Callable[[int], None] = lambda done: None,
) -> Evidence:
    """Replay the takes.

    Args:
        known: Encodings of earlier replays, which are added to.

    Raises:
        RecordingError: One sentence.
    """
    found: list[Answer] = []
    networks = SeenNetworks(bundle, known)
    try:
        judged = judge(takes, bundle, networks, progress, lambda take, answer: found.append(answer))
    finally:
        networks.close()
    size, signals = bundle.manifest.fusion.embedding_size, len(bundle.manifest.quality_names)
    count = len(found)
    return Evidence(
        judged,
        np.array([one.embeddings for one in found], np.float32).reshape(count, len(STREAMS), size),
        np.array([one.quality for one in found], np.float32).reshape(count, signals),
        np.array([one.fused.reliability for one in found], np.float32).reshape(count, len(STREAMS)),
        np.array([one.fused.outputs for one in found], np.float32).reshape(
            count, len(MASKS), len(bundle.manifest.labels)
        ),
        np.array([one.fused.confidence for one in found], np.float32).reshape(count, len(MASKS)),
    )
