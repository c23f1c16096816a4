"""Agreement: does a stream tell of the same person as the others and as what was said before?

A photograph held before the camera, a radio, the words of a television are good signals, so no
measurement finds them. But what they say contradicts the rest. With the answers p_k(y) of single
streams over C labels and a memory r(y) of the fused answers,

    agreement(m) = log sum_y C p_m(y) o_m(y),    o_m(y) ~ r(y)^w prod_{k != m} p_k(y)

is the log ratio of two explanations of what m says: the person whom the others tell of, or anybody.
0: m says nothing either way. Below 0 it contradicts. Pure, like the gate.

A neutral voice beside a smile is no contradiction: one shows what the other does not. So what a
stream gives to `neutral` counts as said of no label (`expressed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from edge.types import STREAMS, Float

MEMORY_WEIGHT = 1.0
"""w: the memory counts as one more witness, as sure as the streams together."""
MEMORY_RATE = 0.2
"""Weight of the newest step in the memory: at four steps a second it forgets half in 0.8 s."""
SMOOTHING = 0.6
"""Weight of the newest step in the agreement."""
NEUTRAL = "neutral"
ENOUGH = 3
"""So many streams must be trusted before one is said to contradict: of two that differ, nobody
knows which is wrong."""
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is remembered between steps."""

    mean: Float = field(default_factory=lambda: np.full(len(STREAMS), np.nan, np.float32))
    """(S,): running mean of each stream's agreement; NaN where it is not trusted."""
    memory: Float | None = None
    """(C,): running mean of the fused log probabilities; None before the first step."""


def expressed(answers: Float, labels: Sequence[str]) -> Float:
    """The answers (S, C) with the share of `neutral` spread over all labels."""
    if NEUTRAL not in labels:
        return answers
    neutral = labels.index(NEUTRAL)
    spread = np.asarray(answers + answers[:, neutral, None] / len(labels), np.float32)
    spread[:, neutral] -= answers[:, neutral]
    return spread


def follow(state: Agreement, answers: Float, trusted: NDArray[np.bool_]) -> Agreement:
    """Compare the newest answers.

    Args:
        answers: (S, C), each stream's own probabilities, in the order of `STREAMS`.
        trusted: (S,), the streams whose answers count.
    """
    said = np.where(trusted[:, None], _log(answers), 0.0)
    expected = said.sum(axis=0) - said
    if state.memory is not None:
        expected += MEMORY_WEIGHT * state.memory
    newest = np.log(answers.shape[1] * np.exp(_normalised(expected) + said).sum(axis=1))
    # A stream that comes (back) begins with 0, so that its first step alone does not drop it.
    mean = SMOOTHING * newest + (1 - SMOOTHING) * np.nan_to_num(state.mean)
    return Agreement(np.where(trusted, mean, np.nan).astype(np.float32), state.memory)


def remember(state: Agreement, answers: Float, used: NDArray[np.bool_]) -> Agreement:
    """Add to the memory what the streams `used` (S,) said together."""
    if not used.any():
        return state
    fused = _normalised(_log(answers)[used].sum(axis=0))
    before = np.zeros_like(fused) if state.memory is None else state.memory
    return Agreement(state.mean, (1 - MEMORY_RATE) * before + MEMORY_RATE * fused)


def contradicting(state: Agreement, below: float, known: str | None = None) -> str | None:
    """The stream that contradicts what the others and the memory say together, or None.

    Args:
        below: An agreement below it is a contradiction.
        known: The stream that contradicted in the last step: it stays that one while it does.
    """
    agreement = state.mean.tolist()
    if sum(not isnan(one) for one in agreement) < ENOUGH:
        return None
    if known is not None and agreement[STREAMS.index(known)] < below:
        return known
    worst = min(range(len(STREAMS)), key=lambda k: inf if isnan(agreement[k]) else agreement[k])
    return STREAMS[worst] if agreement[worst] < below else None


def _log(answers: Float) -> Float:
    return np.asarray(np.log(np.maximum(answers, _LEAST)))


def _normalised(logits: Float) -> Float:
    """Log probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
