"""Policies that decide which streams to use. All are causal, as they would run live.

A policy gets R runs of S steps and gives a prediction for each step. All use the same smoothing
factor and the same rule for a change of mask, so they differ only in the evidence that they use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.networks import Fused
from edge.recognition.earlier import delivering
from edge.recognition.window import StreamWindow
from edge.types import MASK_BITS, NS_PER_S, STREAMS, Float
from train.studies.faults.timeline import STEP_S, WINDOW_S, Track

NONE = -1
"""The prediction if no stream is usable; it counts as wrong."""

Predictions = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """The windows of R runs, for a policy that leaves out a part of one."""

    tracks: Sequence[Sequence[Track]]
    """R of each stream, in the order of `STREAMS`."""
    ends_ns: Sequence[int]
    """The end of each of the S windows."""
    fuse: Callable[[Mapping[str, StreamWindow], frozenset[str]], Fused]
    """The fusion network on windows, of which some streams are used."""

    def of(self, run: int, step: int) -> dict[str, StreamWindow]:
        """By stream."""
        return {
            stream: tracks[run].windows[step]
            for stream, tracks in zip(STREAMS, self.tracks, strict=True)
        }

    def delivering(self, run: int, step: int) -> frozenset[str]:
        """The streams of which something earlier may count."""
        closed = {
            stream: tracks[run].closed[step]
            for stream, tracks in zip(STREAMS, self.tracks, strict=True)
        }
        return delivering(dict.fromkeys(STREAMS, "up"), closed)

    def left(self, run: int, step: int, until_ns: Mapping[str, int]) -> dict[str, StreamWindow]:
        """What is left of the window of each of these streams without what came later."""
        start_ns = self.ends_ns[step] - round(WINDOW_S * NS_PER_S)
        found = {}
        for stream, last_ns in until_ns.items():
            ring = self.tracks[STREAMS.index(stream)][run].ring
            if ring is not None:
                found[stream] = ring.window(start_ns, last_ns, round(STEP_S * NS_PER_S))
        return found


@dataclass(frozen=True)
class Seen:
    """Outputs of the fusion network and its confidence for R runs of S steps."""

    probabilities: Float
    """(R, S, 7, C), class probabilities under each mask."""
    confidence: Float
    """(R, S, 7), confidence under each mask."""
    reliability: Float
    """(R, S, 3), reliability of each stream."""
    usable: NDArray[np.bool_]
    """(R, S, 3), streams that are neither absent nor stale."""
    scores: dict[str, Float]
    """Learned baselines' scores of the masks, (R, S, 7) each."""
    label: NDArray[np.int64]
    """(R,), ground truth."""
    windows: Windows | None = None
    """Of which these are the outputs; None in tests of policies that need none."""

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """bool (R, S, 7): masks whose streams are all usable."""
        away = MASK_BITS[None, None] & ~self.usable[:, :, None]
        return np.asarray(~away.any(axis=3))

    def predictions(self, rows: NDArray[np.int64]) -> Predictions:
        """Predicted labels (R, S) under the masks `rows` (R, S); `NONE` where the row is."""
        best = self.probabilities.argmax(axis=3)
        picked = np.take_along_axis(best, np.maximum(rows, 0)[:, :, None], axis=2)[:, :, 0]
        return np.where(rows == NONE, NONE, picked)


Policy = Callable[[Seen], Predictions]


def everything(seen: Seen) -> Predictions:
    """The policy that uses all usable streams."""
    return seen.predictions(_widest(seen.allowed))


def static(weights: Float) -> Policy:
    """Each stream's own prediction with fixed `weights` (3,): sum_m w_m log p_m."""

    def predict(seen: Seen) -> Predictions:
        single = np.log(np.maximum(seen.probabilities[:, :, : len(STREAMS)], 1e-9))
        used = np.where(seen.usable, weights, 0.0)[..., None]
        label = (single * used).sum(axis=2).argmax(axis=2)
        return np.where(seen.usable.any(axis=2), label, NONE)

    return predict


def best_score(scores: Callable[[Seen], Float], smoothing: float, margin: float) -> Policy:
    """The mask with the highest smoothed score; it changes if another is better by `margin`."""

    def predict(seen: Seen) -> Predictions:
        allowed, widest = seen.allowed, _widest(seen.allowed)
        running = smoothed(scores(seen), smoothing, allowed)
        rows = np.empty(widest.shape, np.int64)
        current: NDArray[np.int64] = widest[:, 0]
        everyone = np.arange(len(rows))
        for step in range(seen.usable.shape[1]):
            here = np.where(allowed[:, step], running[:, step], -np.inf)
            best = here.argmax(axis=1)
            kept = here[everyone, np.maximum(current, 0)]
            change = (here[everyone, best] > kept + margin) | (current == NONE)
            current = np.where(change, best, current)
            current = np.where(allowed[:, step].any(axis=1), current, NONE)
            rows[:, step] = current
        return seen.predictions(rows)

    return predict


def mixture(scores: Callable[[Seen], Float], smoothing: float) -> Policy:
    """The soft prediction sum_S pi(S) p_S(y), where pi is the softmax of the smoothed scores (the
    mask gate of docs/faults.md)."""

    def predict(seen: Seen) -> Predictions:
        allowed = seen.allowed
        running = np.where(allowed, smoothed(scores(seen), smoothing, allowed), -np.inf)
        some = allowed.any(axis=2)
        top = np.where(some, running.max(axis=2, initial=-1e9), 0.0)[..., None]
        weight = np.where(allowed, np.exp(running - top), 0.0)
        label = (weight[..., None] * seen.probabilities).sum(axis=2).argmax(axis=2)
        return np.where(some, label, NONE)

    return predict


def oracle_policy(row: int, when: NDArray[np.bool_]) -> Policy:
    """The oracle: mask `row` in the steps `when` of the fault, all usable streams otherwise."""

    def predict(seen: Seen) -> Predictions:
        widest = _widest(seen.allowed)
        wanted = seen.usable & MASK_BITS[row][None, None]
        narrowed = _row_of(wanted)
        rows = np.where(when[None] & (narrowed != NONE), narrowed, widest)
        return seen.predictions(rows)

    return predict


def smoothed(scores: Float, smoothing: float, allowed: NDArray[np.bool_]) -> Float:
    """Exponential moving average over the steps of (R, S, 7). It starts again when a mask becomes
    allowed again."""
    out = np.empty_like(scores)
    mean = np.full(scores[:, 0].shape, np.nan, np.float32)
    for step in range(scores.shape[1]):
        blended = smoothing * scores[:, step] + (1 - smoothing) * mean
        mean = np.where(np.isnan(mean), scores[:, step], blended)
        out[:, step] = mean
        mean = np.where(allowed[:, step], mean, np.nan)
    return out


def _row_of(streams: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Row of the mask of exactly these streams (..., 3); `NONE` for no stream."""
    embedding = streams @ (1 << np.arange(len(STREAMS)))
    table = np.full(2 ** len(STREAMS), NONE, np.int64)
    for row, bits in enumerate(MASK_BITS):
        table[int(bits @ (1 << np.arange(len(STREAMS))))] = row
    return table[embedding]


def _widest(allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Row of the mask of all usable streams, which are the allowed single-stream masks."""
    return _row_of(allowed[:, :, : len(STREAMS)])
