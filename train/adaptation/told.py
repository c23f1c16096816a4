"""What the report of an adaptation says of a step, of the whole and of the changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.types import Float
from train.adaptation.changes import Changes
from train.adaptation.check import pooled
from train.adaptation.evidence import Evidence
from train.adaptation.measures import MEASURE, MEASURES
from train.adaptation.step import Given, Step
from train.adaptation.transfer import why_none
from train.evaluation.judged import Judged
from train.evaluation.takes import Take
from train.metrics import auroc, calibration_error


def step_row(step: Step, because: str, kept: bool = False) -> dict[str, Any]:
    """Whether a step was kept, and why."""
    return {"does": step.does, "kept": kept, "because": because}


def unchecked_row(step: Step, how: str, veto: str, unseen: str) -> dict[str, Any]:
    """Of a step that no labels could be checked on.

    Args:
        veto: Why it is not kept, by the bundle's slice; "" for nothing.
        unseen: What it changes that the slice cannot check; "" for nothing.
    """
    if step.relabels and not step.asked_for:
        return step_row(step, f"not checked: {how}")
    if step.relabels and unseen:
        return step_row(step, f"not checked: {how}, and {unseen}")
    if veto:
        return step_row(step, veto)
    if step.relabels:
        return step_row(step, "no worse on the shipped slice; no labels checked it", True)
    return step_row(step, "kept unchecked: it only changes which streams are used", True)


def why_nothing(name: str, step: Step, given: Given) -> str:
    """Why a step has nothing to do."""
    if name == "shift" and given.reference is None:
        return "needs --reference"
    if name == "transfer":
        return why_none(given)
    unlabelled = not len(given.here.labelled.judged)
    # The shares of single labels can be learned from answers alone, those of several cannot.
    if step.needs_labels or (
        name == "prior" and unlabelled and given.manifest.task == "multilabel"
    ):
        return "too few labels, or only right answers"
    return "nothing to change"


def before_and_after(begun: list[Judged], ended: list[Judged]) -> dict[str, Any] | None:
    """The main figure and the measures before the first and after the last step, with the ECE of
    the confidence and its AUROC, right against wrong (None where all are right, or all wrong). A
    verdict without any stream is wrong, with a confidence of 0."""
    if not begun:
        return None
    found: dict[str, Any] = {
        name: [round(pooled(one, measure), 4) for one in (begun, ended)]
        for name, measure in MEASURES.items()
    }
    task = MEASURE[begun[0].task]
    figure = [round(1 - value, 4) for value in found.pop("errors")]
    eces = [round(pooled(one, _calibration), 4) for one in (begun, ended)]
    areas = [pooled(one, _separation) for one in (begun, ended)]
    separated = [None if math.isnan(area) else round(area, 4) for area in areas]
    return {task.figure: figure, **found, "ece": eces, "auroc": separated}


def _calibration(told: Judged) -> float:
    return calibration_error(MEASURE[told.task].hits(told), _sure(told))


def _separation(told: Judged) -> float:
    return auroc(_sure(told), told.right)


def _sure(told: Judged) -> NDArray[np.float64]:
    return np.nan_to_num(told.confidence, nan=0.0)


def how_sure(first: Evidence, last: Evidence) -> dict[str, Any]:
    """What needs no label: the share of verdicts with a stream, and the mean confidence of these
    (None where there are none), before and after."""
    sure = [one.judged.confidence[~np.isnan(one.judged.confidence)] for one in (first, last)]
    shares = [len(one) / len(whole.judged) for one, whole in zip(sure, (first, last), strict=True)]
    return {
        "with_a_stream": [round(share, 4) for share in shares],
        "confidence": [round(float(one.mean()), 4) if len(one) else None for one in sure],
    }


def share_changed(first: Evidence, last: Evidence) -> float:
    """Share of the verdicts that have another likeliest label, other labels, or another number."""
    before, after = (MEASURE[one.judged.task].answers(one.judged) for one in (first, last))
    return round(float(np.mean((before != after).any(axis=1))), 4)


def labelled_samples(takes: tuple[Take, ...]) -> int:
    """Number of samples with a label."""
    return sum(sample.label is not None for take in takes for sample in take.samples)


def as_data(kept: Changes, base: Bundle) -> dict[str, Any]:
    """The changes as JSON data; of a shift its length, of a transfer its norm, by stream."""
    told: dict[str, Any] = {}
    if kept.shift is not None:
        lengths = np.linalg.norm(kept.shift, axis=1)
        told["shift_length"] = {
            name: round(float(length), 4)
            for name, length in zip(base.manifest.names, lengths, strict=True)
        }
    if kept.transfer is not None:
        told["transfer_size"] = {
            name: round(float(np.linalg.norm(weights)), 4)
            for name, weights in zip(base.manifest.names, kept.transfer.weights, strict=True)
        }
    if kept.log_weights is not None:
        told["label_weights"] = _by_label(base, np.exp(kept.log_weights))
    if kept.log_odds is not None:
        told["label_odds"] = _by_label(base, np.exp(kept.log_odds))
    if kept.thresholds is not None:
        told["thresholds"] = _by_label(base, kept.thresholds)
    if kept.number is not None:
        told["standard_score"] = {"scale": kept.number.scale, "move": kept.number.move}
    told |= {"temperature": kept.temperature, "confidence": [kept.slope, kept.offset]}
    if kept.reliability is not None:
        told["reliability"] = {s: one.model_dump() for s, one in kept.reliability.items()}
    if kept.typical_quality is not None:
        told["typical_quality"] = {s: list(one) for s, one in kept.typical_quality.items()}
    return told


def _by_label(base: Bundle, values: Float) -> dict[str, float]:
    pairs = zip(base.manifest.labels, values, strict=True)
    return {label: round(float(value), 4) for label, value in pairs}
