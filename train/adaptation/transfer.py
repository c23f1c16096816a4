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

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import GroupKFold

from edge.types import MASK_BITS, MASK_ROWS, MASKS, STREAMS
from train.adaptation.changes import FLOOR, Changes, Transfer
from train.adaptation.evidence import Evidence
from train.adaptation.shipped import Shipped
from train.adaptation.step import Given

FEWEST_LESSONS = 20
"""Windows in which a stream must be taught."""
FOLDS = 3
REMEMBERED = 4.0
"""Weight of all remembered windows together, in that of the recordings' windows. Without them the
stream forgets everybody else, and the slice refuses its map."""
RIDGE, RIDGE_ALONE = 0.1, 10.0
"""How strongly a map is drawn to no change, with and without remembered windows; of embeddings
scaled to a mean square of 1."""


@dataclass(frozen=True)
class Lessons:
    """The windows of one stream that has something beside it.

    Attributes:
        embeddings: (n, D).
        own: (n, C), log scores of the stream alone.
        target: (n, C), answers of its teachers, weighted; where it has none, its own answer.
        weight: (n,).
        taught: (n,), whether it has a teacher.
        sample: (n,), names; the folds do not cut a sample.
    """

    embeddings: NDArray[np.float64]
    own: NDArray[np.float64]
    target: NDArray[np.float64]
    weight: NDArray[np.float64]
    taught: NDArray[np.bool_]
    sample: NDArray[np.str_]

    @property
    def few(self) -> bool:
        """Whether they are too few to learn from, and to check it."""
        return bool(self.taught.sum() < FEWEST_LESSONS or len(np.unique(self.sample)) < FOLDS)

    def loss(self, weights: NDArray[np.float64]) -> float:
        """Mean KL of the answers with a map of `weights` (D, C), to a constant."""
        logs = log_softmax(self.own + self.embeddings @ weights, axis=1)
        return float(-(self.weight @ (self.target * logs).sum(axis=1)) / self.weight.sum())

    def at(self, rows: NDArray[np.int64]) -> Lessons:
        """Some of the windows."""
        return Lessons(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def beside(self, other: Lessons) -> Lessons:
        """The windows of both."""
        names = self.__dataclass_fields__
        return Lessons(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


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


def remembered(shipped: Shipped | None, stream: str) -> Lessons | None:
    """The stream's own answers on the slice's windows that do not check, of equal weight; None
    without any."""
    if shipped is None or stream not in shipped.slice.streams:
        return None
    rows = np.flatnonzero(~shipped.checking)
    if not len(rows):  # all windows are one group
        return None
    embeddings = shipped.slice.embeddings[rows, shipped.slice.streams.index(stream)]
    answers = np.clip(shipped.scores[stream][rows], FLOOR, 1.0)
    return Lessons(
        embeddings.astype(np.float64),
        np.log(answers),
        answers,
        np.ones(len(rows)),
        np.zeros(len(rows), bool),
        np.full(len(rows), ""),
    )


def lessons(here: Evidence, student: int) -> Lessons:
    """What the stream in column `student` is taught in each window."""
    usable = here.judged.usable
    scores = np.clip(here.scores.astype(np.float64), FLOOR, 1.0)
    weight = directed(usable, here.confidence)
    alone = scores[:, [MASK_ROWS[frozenset({name})] for name in STREAMS]]
    taught_by = weight[:, student]  # (n, 3), w_mn
    total = taught_by.sum(axis=1)
    taught = total > 0
    teaching = weight[:, :, student].max(axis=1)
    target = np.einsum("nt,ntc->nc", taught_by, alone)
    target[taught] /= total[taught, None]
    # Without this the map, which is used in all windows, would be fitted on the worst ones alone.
    target[~taught] = alone[~taught, student]
    rows = np.flatnonzero(taught | (teaching > 0))
    return Lessons(
        here.embeddings[rows, student].astype(np.float64),
        np.log(alone[rows, student]),
        target[rows],
        np.where(taught, total, teaching)[rows],
        taught[rows],
        here.judged.sample[rows],
    )


def directed(usable: NDArray[np.bool_], confidence: NDArray[np.floating]) -> NDArray[np.float64]:
    """w (n, 3, 3): [i, m, n] weighs what m learns from n in window i; 0 where one is not there.

    Args:
        usable: (n, 3).
        confidence: (n, 7), of every mask.
    """
    without = np.zeros(usable.shape)
    for row, there in enumerate(usable):
        have = {name for name, one in zip(STREAMS, there, strict=True) if one}
        for column, name in enumerate(STREAMS):
            if name in have and len(have) > 1:
                without[row, column] = confidence[row, MASK_ROWS[frozenset(have - {name})]]
    weight = np.zeros((*usable.shape, 3))
    for m, n in combinations(range(3), 2):
        both = usable[:, m] & usable[:, n]
        for one, other in ((m, n), (n, m)):
            more = both & (without[:, one] > without[:, other])
            weight[more, one, other] = without[more, one]
    return weight


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
