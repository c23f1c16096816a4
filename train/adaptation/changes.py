"""What an adaptation changes in a bundle, and the arithmetic of it, which the graph repeats.

one label       scores'      softmax((log scores + transfer(embeddings) + log_weights)
                                     / temperature)
several labels  scores'      sigmoid(logit(scores) + log_odds)
a number        score'       scale * score + move, of the standard score
each            confidence'  sigmoid(slope * logit(confidence) + offset)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import ReliabilitySpec
from edge.types import Float

FLOOR = 1e-5
"""Of a probability before its logarithm; FP16 still holds it."""


@dataclass(frozen=True)
class Transfer:
    """What streams learned from each other: a mask's log scores gain, of each of its streams, a
    linear map of that stream's embedding. An absent stream's embedding is 0 and adds nothing.

    Attributes:
        weights: (S, D, C), in the bundle's order of streams; zeros for one that learned nothing.
        bits: (R, S), 1 where the mask of a row of the scores has the stream.
    """

    weights: Float
    bits: Float

    def __call__(self, embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
        """Added to the log scores, (R, C), of embeddings (S, D)."""
        by_stream = np.einsum("sd,sdc->sc", embeddings.astype(np.float64), self.weights)
        return np.asarray(self.bits @ by_stream)


@dataclass(frozen=True)
class Linear:
    """Of a number's standard score."""

    scale: float = 1.0
    move: float = 0.0


@dataclass(frozen=True)
class Changes:
    """Every field left at its default changes nothing.

    Attributes:
        shift: (S, D), added to the embeddings of the bundle's streams.
        transfer: Reads the embeddings before the shift.
        log_weights: (C,), of labels of which one is true.
        temperature: Of the scores; above 1 they are less extreme.
        slope, offset: Of the confidence's logit.
        reliability: The gate's new thresholds, by stream.
        typical_quality: By stream.
        log_odds: (C,), added to those of labels of which several may be true.
        thresholds: (C,), above which each of several labels is given.
        number: Of the standard score.
    """

    shift: Float | None = None
    transfer: Transfer | None = None
    log_weights: Float | None = None
    temperature: float = 1.0
    slope: float = 1.0
    offset: float = 0.0
    reliability: dict[str, ReliabilitySpec] | None = None
    typical_quality: dict[str, tuple[float, ...]] | None = None
    log_odds: Float | None = None
    thresholds: Float | None = None
    number: Linear | None = None

    @property
    def of_scores(self) -> bool:
        """Whether scores are changed after the fusion."""
        learned = (self.transfer, self.log_weights, self.log_odds, self.number)
        return any(one is not None for one in learned) or self.temperature != 1.0

    @property
    def of_confidence(self) -> bool:
        """Whether the confidence is."""
        return (self.slope, self.offset) != (1.0, 0.0)

    def scores(
        self, scores: NDArray[np.floating], embeddings: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """The changed scores (R, C), or standard scores (R, 1), of all masks, for embeddings
        (S, D)."""
        if self.number is not None:
            return self.number.scale * scores.astype(np.float64) + self.number.move
        if self.log_odds is not None:
            return sigmoid(logit(scores) + self.log_odds)
        logs = np.log(np.clip(scores.astype(np.float64), FLOOR, 1.0))
        if self.transfer is not None:
            logs = logs + self.transfer(embeddings)
        if self.log_weights is not None:
            logs = logs + self.log_weights
        return softmax(logs / self.temperature)

    def confidence(self, confidence: NDArray[np.floating]) -> NDArray[np.float64]:
        """The changed confidence, any shape."""
        return sigmoid(self.slope * logit(confidence) + self.offset)


def softmax(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def logit(share: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of probabilities, kept away from 0 and 1 by `FLOOR`."""
    kept = np.clip(share.astype(np.float64), FLOOR, 1 - FLOOR)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def sigmoid(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-value))."""
    return np.asarray(1 / (1 + np.exp(-value)))
