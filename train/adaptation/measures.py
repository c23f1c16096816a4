"""What an adaptation is judged by, for each kind of answer: one label, several, or a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from edge.bundle.manifest import Task
from train.adaptation.changes import FLOOR
from train.evaluation.judged import Judged
from train.evaluation.open_answers import OpenAnswers
from train.evaluation.open_figures import agreement

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """Of one task; what is given to its functions has labels, but for `answers`.

    Attributes:
        kind: What is answered with.
        figure: Its main figure, as a key of the report: the higher, the better; 1 at most.
        better, worse: What is said when it rises or falls.
        of: The figure.
        loss: How far the scores or the number are from the truth; the lower, the better.
        hits: (n,), what the confidence estimates, from 0 to 1.
        answers: (n, K), equal rows for equal answers.
    """

    kind: str
    figure: str
    better: str
    worse: str
    of: Callable[[Judged], float]
    loss: Callable[[Judged], float]
    hits: Callable[[Judged], Values]
    answers: Callable[[Judged], NDArray[np.generic]]


def _log_loss(judged: Judged) -> float:
    """Mean negative log score of the true label; of equal scores where no stream was used."""
    equal = 1 / judged.scores.shape[1]
    own = judged.scores[np.arange(len(judged)), judged.true]
    own = np.where(np.isnan(judged.confidence), equal, own)
    return float(-np.log(np.clip(own, FLOOR, 1)).mean())


def _log_loss_of_labels(judged: Judged) -> float:
    """Mean binary cross-entropy of all labels; of one half where no stream was used."""
    scores = np.where(np.isnan(judged.confidence)[:, None], 0.5, judged.scores)
    own = np.where(of_other(judged).truth > 0.5, scores, 1 - scores)
    return float(-np.log(np.clip(own, FLOOR, 1)).mean())


def _micro_f1(judged: Judged) -> float:
    other = of_other(judged)
    return float(f1_score(other.truth, other.given, average="micro", zero_division=0))


def _ccc(judged: Judged) -> float:
    other = of_other(judged)
    return agreement(other.truth, other.given)


def _absolute_error(judged: Judged) -> float:
    """Mean, in the number's unit."""
    other = of_other(judged)
    return float(np.abs(other.truth - other.given).mean())


def of_other(judged: Judged) -> OpenAnswers:
    """The answers of a bundle that does not answer with one label."""
    assert judged.other is not None
    return judged.other


MEASURE: dict[Task, Measure] = {
    "multiclass": Measure(
        "one label",
        "accuracy",
        "fewer errors",
        "more errors",
        lambda judged: float(judged.right.mean()),
        _log_loss,
        lambda judged: judged.right.astype(np.float64),
        lambda judged: judged.guess[:, None],
    ),
    "multilabel": Measure(
        "several labels",
        "micro_f1",
        "higher micro-F1",
        "lower micro-F1",
        _micro_f1,
        _log_loss_of_labels,
        lambda judged: of_other(judged).hits,
        lambda judged: of_other(judged).given,
    ),
    "regression": Measure(
        "a number",
        "ccc",
        "higher CCC",
        "lower CCC",
        _ccc,
        _absolute_error,
        lambda judged: of_other(judged).hits,
        lambda judged: of_other(judged).given,
    ),
}


def errors(judged: Judged) -> float:
    """What the main figure lacks to 1: of one label the share of wrong verdicts, where one that
    abstains counts with its likeliest label."""
    return 1 - MEASURE[judged.task].of(judged)


def loss(judged: Judged) -> float:
    """`Measure.loss`."""
    return MEASURE[judged.task].loss(judged)


def miscalibration(judged: Judged) -> float:
    """Brier score of the confidence; 0 stands for the confidence of no stream."""
    sure = np.nan_to_num(judged.confidence, nan=0.0)
    return float(((sure - MEASURE[judged.task].hits(judged)) ** 2).mean())


MEASURES: dict[str, Callable[[Judged], float]] = {
    "errors": errors,
    "loss": loss,
    "miscalibration": miscalibration,
}
"""By which a step may be judged; the lower, the better."""
