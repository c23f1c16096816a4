"""The step "transfer": streams learn from each other on recordings without labels.

CDaT's direction and weight, taken from the confidence that a bundle has for every mask: c_-m is
that of all streams of a window but m. Stream m learns from n where c_-m > c_-n, with the weight
w_mn = c_-m. With two streams, the one that is less confident alone learns from the other.

What is brought together is not CDaT's kernel of hidden vectors. There, the labels of L_base tie the
vectors to the answers; without labels nothing would, and a bundle has its networks as graphs only.
So KL(p || q) is taken between the streams' answers alone, p of n and q of m, and m learns a linear
map of its embedding that is added to its log scores. In a bundle that adds heads' answers (`late`)
this is exactly another head of stream m; in other models it is added to what the model answers.

So that it does not forget everybody else, it also repeats its own answers: in the windows where it
is the teacher, and on half of the bundle's validation slice, whose labels it does not read
(learning without forgetting, Li and Hoiem 2016).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import GroupKFold

from edge.types import MASK_BITS, MASKS, STREAMS
from train.adaptation.changes import Changes, Transfer
from train.adaptation.lessons import FEWEST_LESSONS, FOLDS, Lessons, lessons, remembered
from train.adaptation.step import Given

REMEMBERED = 4.0
"""Weight of all remembered windows together, in that of the recordings' windows. Without them the
stream forgets everybody else, and the slice refuses its map."""
RIDGE, RIDGE_ALONE = 0.1, 10.0
"""How strongly a map is drawn to no change, with and without remembered windows; of embeddings
scaled to a mean square of 1."""


def fit_transfer(given: Given, before: Changes) -> Changes | None:
    """See the module. A stream whose map makes its answers no closer to those of its teachers on
    recordings kept out of the fit learns nothing; nor does one that neither labels nor the slice
    could check. None, if no stream learns."""
    names = given.manifest.names
    size, labels = given.manifest.fusion.embedding_size, len(given.manifest.labels)
    weights = np.zeros((len(names), size, labels), np.float32)
    for place, name in enumerate(names):
        own = lessons(given.here, STREAMS.index(name))
        memory = remembered(given.shipped, name)
        if unchecked(given, memory):
            continue
        found = learned(own, memory)
        if found is not None:
            weights[place] = found
    if not weights.any():
        return None
    rows = [MASKS.index(mask) for mask in given.manifest.fusion.masks]
    bits = MASK_BITS[np.ix_(rows, [STREAMS.index(name) for name in names])]
    return replace(before, transfer=Transfer(weights, bits.astype(np.float32)))


def unchecked(given: Given, memory: Lessons | None) -> bool:
    """Whether neither labels nor the slice could tell what a stream's map does."""
    return memory is None and not len(given.here.labelled.judged)


def why_none(given: Given) -> str:
    """Why each stream learned nothing, where `fit_transfer` gave None."""
    told = []
    for name in given.manifest.names:
        own = lessons(given.here, STREAMS.index(name))
        if own.few:
            why = f"is taught in {own.taught.sum()} windows of {len(np.unique(own.sample))} samples"
            why += f", of the {FEWEST_LESSONS} of {FOLDS} that are needed"
        elif unchecked(given, remembered(given.shipped, name)):
            why = "is not in a shipped slice, and no labels could check it"
        else:
            why = "came no closer to its teachers where it was not fitted"
        told.append(f"{name} {why}")
    return "; ".join(told)


def learned(given: Lessons, memory: Lessons | None) -> NDArray[np.float64] | None:
    """The map (D, C) of one stream; None where it should learn nothing."""
    if given.few:
        return None
    gained = 0.0
    for fitted, checked in GroupKFold(FOLDS).split(given.own, groups=given.sample):
        part = given.at(checked)
        weights = _fitted(given.at(fitted), memory)
        gained += part.weight.sum() * (part.loss(np.zeros_like(weights)) - part.loss(weights))
    return _fitted(given, memory) if gained > 0 else None


def _fitted(given: Lessons, memory: Lessons | None) -> NDArray[np.float64]:
    """The map of the least loss and half the ridge times its squares. It is convex: one minimum.

    Args:
        memory: Weighs `REMEMBERED` times as much as `given`, in a fold as in the whole.
    """
    ridge = RIDGE_ALONE if memory is None else RIDGE
    scale = float(np.sqrt((given.embeddings**2).mean())) or 1.0
    both, share = given, given.weight / given.weight.sum()
    if memory is not None:
        both = given.beside(memory)
        share = np.append(share, REMEMBERED * memory.weight / memory.weight.sum())
    seen = both.embeddings / scale
    shape = seen.shape[1], both.own.shape[1]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        logs = log_softmax(both.own + seen @ weights, axis=1)
        value = -(share @ (both.target * logs).sum(axis=1))
        slope = seen.T @ (share[:, None] * (np.exp(logs) - both.target)) + ridge * weights
        return float(value + ridge / 2 * (flat**2).sum()), slope.ravel()

    found = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x.reshape(shape) / scale)
