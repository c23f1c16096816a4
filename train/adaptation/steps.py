"""The steps of an adaptation, in their order. Each is fitted on the answers of the bundle as the
steps before left it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from edge.bundle.manifest import ReliabilitySpec, Task
from edge.types import STREAMS
from train.adaptation.changes import FLOOR, Changes, logit, sigmoid, softmax
from train.adaptation.evidence import Evidence
from train.adaptation.measures import MEASURE
from train.adaptation.open_steps import fit_log_odds, fit_number, fit_thresholds
from train.adaptation.step import FEWEST, Fit, Given, Step
from train.adaptation.transfer import fit_transfer

HEALTHY_BELOW = 0.02
"""Share of the verdicts of a healthy stream that may lie below its threshold."""
SHRINK = 50
"""A mean of this many verdicts moves half of the way."""
ROUNDS, SETTLED = 500, 1e-6
"""Of expectation and maximisation."""


def fit_shift(given: Given, before: Changes) -> Changes | None:
    """Each stream's mean embedding moves to its mean in the reference."""
    if given.reference is None:
        return None
    names, size = given.manifest.names, given.manifest.fusion.embedding_size
    shift = np.zeros((len(names), size), np.float32)
    for row, name in enumerate(names):
        column = STREAMS.index(name)
        here, there = (_embeddings(one, column) for one in (given.here, given.reference))
        if min(len(here), len(there)) < FEWEST:
            continue
        share = len(here) / (len(here) + SHRINK)
        shift[row] = share * (there.mean(axis=0) - here.mean(axis=0))
    return replace(before, shift=shift) if shift.any() else None


def fit_prior(given: Given, before: Changes) -> Changes | None:
    """The labels are weighted by how frequent they are here.

    With labels, by their shares among the samples. Without, by expectation and maximisation on the
    scores (Saerens, Latinne and Decaestecker 2002), as if training had shown all labels equally
    often. Either estimate is drawn towards equal shares, as by one more sample of each label.
    """
    judged = given.here.judged
    some = ~np.isnan(judged.confidence)
    told = given.here.labelled.judged
    count = len(given.manifest.labels)
    if len(told):
        _, first = np.unique(told.sample, return_index=True)
        seen = np.bincount(told.true[first], minlength=count).astype(np.float64)
    elif some.sum() >= FEWEST:
        scores = judged.scores[some]
        seen = len(np.unique(judged.sample[some])) * expectation_maximisation(scores)
    else:
        return None
    shares = (seen + 1) / (seen.sum() + count)
    return replace(before, log_weights=np.log(count * shares).astype(np.float32))


def expectation_maximisation(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shares (C,) of the labels of which scores (n, C), made for equal shares, are mixed."""
    shares = np.full(scores.shape[1], 1 / scores.shape[1])
    for _ in range(ROUNDS):
        weighted = np.clip(scores, FLOOR, 1) * shares
        updated = (weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(updated - shares).max() < SETTLED:
            break
        shares = updated
    return np.asarray(shares)


def fit_temperature(given: Given, before: Changes) -> Changes | None:
    """One number for all scores, by the likelihood of the labels; it changes no label."""
    told = given.here.labelled.judged
    told = told.at(~np.isnan(told.confidence))
    if len(told) < FEWEST:
        return None
    logs = np.log(np.clip(told.scores, FLOOR, 1))
    rows = np.arange(len(told))

    def loss(log_temperature: float) -> float:
        shares = softmax(logs / np.exp(log_temperature))[rows, told.true]
        # Drawn to 1: a few samples that are all right would make the scores certain.
        return float(-np.log(np.clip(shares, FLOOR, 1)).mean() + 0.05 * log_temperature**2)

    best = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded")
    return replace(before, temperature=float(before.temperature * np.exp(best.x)))


def fit_confidence(given: Given, before: Changes) -> Changes | None:
    """The confidence becomes the share of right answers (Platt 1999), or what else it estimates:
    slope and offset."""
    told = given.here.labelled.judged
    told = told.at(~np.isnan(told.confidence))
    hits = MEASURE[told.task].hits(told)
    if len(told) < FEWEST or hits.min() == hits.max():
        return None
    logits = logit(told.confidence)

    def loss(two: NDArray[np.float64]) -> float:
        shares = np.clip(sigmoid(np.exp(two[0]) * logits + two[1]), FLOOR, 1 - FLOOR)
        told_right = hits * np.log(shares) + (1 - hits) * np.log(1 - shares)
        return float(-told_right.mean() + 0.02 * (two**2).sum())

    found = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    slope, offset = float(np.exp(found[0])), float(found[1])
    return replace(before, slope=slope, offset=offset)


def fit_gate(given: Given, before: Changes) -> Changes | None:
    """A stream that is healthy here is not dropped: its thresholds are lowered to what its
    reliability is here, to half of what they were at most."""
    lowered = {}
    for name in given.manifest.names:
        column, old = STREAMS.index(name), given.manifest.gate.reliability[name]
        own = given.here.reliability[given.here.judged.usable[:, column], column]
        if len(own) < FEWEST:
            continue
        drop = max(float(np.quantile(own, HEALTHY_BELOW)), old.drop / 2)
        if drop < old.drop:
            readmit = drop + 0.25 * max(0.0, float(np.median(own)) - drop)
            readmit = min(old.readmit, readmit)
            lowered[name] = ReliabilitySpec(drop=round(drop, 4), readmit=round(readmit, 4))
    return replace(before, reliability=lowered) if lowered else None


def fit_typical(given: Given, before: Changes) -> Changes | None:
    """The signals that stand for those of an absent stream become the medians here."""
    typical, at = {}, 0
    for name in given.manifest.names:
        width = len(given.manifest.streams[name].quality)
        usable = given.here.judged.usable[:, STREAMS.index(name)]
        if usable.sum() >= FEWEST:
            own = np.median(given.here.quality[usable, at : at + width], axis=0)
            typical[name] = tuple(round(float(value), 4) for value in own)
        at += width
    return replace(before, typical_quality=typical) if typical else None


def _embeddings(evidence: Evidence, column: int) -> NDArray[np.float32]:
    return np.asarray(evidence.embeddings[evidence.judged.usable[:, column], column])


def _each(fit: Fit) -> dict[Task, Fit]:
    return dict.fromkeys(get_args(Task), fit)


STEPS: dict[str, Step] = {
    "shift": Step(
        "mean embeddings as in the reference",
        "loss",
        _each(fit_shift),
        corrects=True,
        relabels=True,
    ),
    "transfer": Step(
        "streams learn from each other",
        "loss",
        {"multiclass": fit_transfer},
        corrects=True,
        relabels=True,
        asked_for=True,
    ),
    "prior": Step(
        "how frequent each label is",
        "loss",
        {"multiclass": fit_prior, "multilabel": fit_log_odds},
        corrects=True,
        relabels=True,
    ),
    "thresholds": Step(
        "from where on a label is given",
        "errors",
        {"multilabel": fit_thresholds},
        relabels=True,
        needs_labels=True,
    ),
    "number": Step(
        "shift and scale of the number",
        "loss",
        {"regression": fit_number},
        corrects=True,
        relabels=True,
        needs_labels=True,
    ),
    "temperature": Step(
        "how extreme the scores are",
        "loss",
        {"multiclass": fit_temperature},
        relabels=True,
        needs_labels=True,
    ),
    "confidence": Step(
        "confidence as share right",
        "miscalibration",
        _each(fit_confidence),
        relabels=True,
        needs_labels=True,
    ),
    "gate": Step("thresholds of healthy streams", "errors", _each(fit_gate)),
    "typical": Step("typical signals", "errors", _each(fit_typical)),
}

ASKED_FOR = tuple(name for name, step in STEPS.items() if step.asked_for)
"""Steps that are off unless they are asked for."""
