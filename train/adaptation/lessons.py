"""What a stream is taught by the others in each window, and what it remembers of other people."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from edge.types import MASK_ROWS, STREAMS
from train.adaptation.changes import FLOOR
from train.adaptation.evidence import Evidence
from train.adaptation.shipped import Shipped

FEWEST_LESSONS = 20
"""Windows in which a stream must be taught."""
FOLDS = 3
"""Of the check of a map; no sample is in two."""


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
