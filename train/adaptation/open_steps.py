"""The steps that are for bundles of several labels, or of a number, alone. All need labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from train.adaptation.changes import FLOOR, Changes, Linear, logit, sigmoid
from train.adaptation.measures import of_other
from train.adaptation.step import FEWEST, Given
from train.evaluation.judged import Judged
from train.stages.label_thresholds import label_thresholds

DRAWN_BY = 3
"""A number's shift and scale are drawn to none, as by so many more samples that are right."""


def fit_log_odds(given: Given, before: Changes) -> Changes | None:
    """How much likelier each of several labels is here, by the likelihood of the labels."""
    told = _told(given)
    if len(told) < FEWEST:
        return None
    truth, logits = of_other(told).truth, logit(told.scores)

    def moved(label: int) -> float:
        own = truth[:, label] > 0.5

        def loss(move: float) -> float:
            shares = np.clip(sigmoid(logits[:, label] + move), FLOOR, 1 - FLOOR)
            told_right = np.where(own, shares, 1 - shares)
            # Drawn to 0: a few samples that all have a label would make it certain.
            return float(-np.log(told_right).mean() + 0.02 * move**2)

        return float(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)

    found = [moved(label) for label in range(truth.shape[1])]
    return replace(before, log_odds=np.array(found, np.float32))


def fit_thresholds(given: Given, before: Changes) -> Changes | None:
    """The probability above which each label is given: the one with the best F1 here."""
    told = _told(given)
    old = np.array(given.manifest.thresholds, np.float32)
    if len(told) < FEWEST:
        return None
    truth = of_other(told).truth > 0.5
    found = label_thresholds(told.scores.astype(np.float32), truth, old)
    return None if (found == old).all() else replace(before, thresholds=found)


def fit_number(given: Given, before: Changes) -> Changes | None:
    """The number's mean and deviation become those of the truth here. Of all straight lines this
    one has the best CCC, where answers and truth rise together."""
    told, number = _told(given), given.manifest.number
    if len(told) < FEWEST or number is None:
        return None
    truth, answers = of_other(told).truth, of_other(told).given
    samples = len(np.unique(told.sample))
    share = samples / (samples + DRAWN_BY)
    scale = 1.0
    if min(truth.std(), answers.std()) > 0:
        scale = float((truth.std() / answers.std()) ** share)
    middle = float(answers.mean())
    wanted = middle + share * (float(truth.mean()) - middle)
    # Of the standard score s: mean + deviation * s' = wanted + scale * (mean + deviation * s -
    # middle).
    move = (wanted - number.mean + scale * (number.mean - middle)) / number.deviation
    return replace(before, number=Linear(scale, move))


def _told(given: Given) -> Judged:
    """The labelled verdicts with a stream."""
    told = given.here.labelled.judged
    return told.at(~np.isnan(told.confidence))
