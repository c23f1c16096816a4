"""Answers that are not one label, as columns: several labels, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Manifest
from edge.types import MASK_ROWS, STREAMS, Float
from train.corpora.recorded.samples import Sample, labels_of
from train.evaluation.answers import Answer

Values = NDArray[np.float64]


@dataclass(frozen=True)
class OpenAnswers:
    """n verdicts. Labels: C columns of 0 and 1. A number: one column, in its unit.

    Attributes:
        truth: (n, C), NaN where there is no label.
        given: (n, C), also where the verdict abstains; without any stream no label, or the mean
            of the training's numbers.
        alone: (n, 3, C), each stream alone; as `given` where it could not be used.
        right: (n,), whether all labels are right, or the number lies within a standard deviation
            of the training's numbers; False without any stream.
        hits: (n,), what the confidence estimates: the mean probability of the true labels, or
            exp(-|error| / standard deviation of the training's numbers); 0 without any stream.
    """

    truth: Values
    given: Values
    alone: Values
    right: NDArray[np.bool_]
    hits: Values

    def at(self, rows: NDArray[np.int64]) -> OpenAnswers:
        """Some of the verdicts, by their places."""
        return OpenAnswers(**{name: one[rows] for name, one in vars(self).items()})

    def beside(self, other: OpenAnswers) -> OpenAnswers:
        """The verdicts of both."""
        pairs = zip(vars(self).items(), vars(other).values(), strict=True)
        return OpenAnswers(**{name: np.concatenate([one, two]) for (name, one), two in pairs})


def open_answers(
    manifest: Manifest, rows: Sequence[tuple[Sample, Answer]], usable: NDArray[np.bool_]
) -> OpenAnswers:
    """The columns of a bundle that does not answer with one label.

    Args:
        usable: (n, 3), whether a stream had something to be used.
    """
    shape = len(rows), len(manifest.labels)
    truth, given = np.full(shape, np.nan), np.zeros(shape)
    alone = np.zeros((shape[0], len(STREAMS), shape[1]))
    right, hits = np.zeros(shape[0], np.bool_), np.zeros(shape[0])
    for place, (sample, answer) in enumerate(rows):
        mask = MASK_ROWS.get(frozenset(answer.verdict.mask))
        none = _none(manifest)
        given[place] = none if mask is None else _given(manifest, answer.fused.outputs[mask])
        for column, stream in enumerate(STREAMS):
            row = answer.fused.outputs[MASK_ROWS[frozenset({stream})]]
            alone[place, column] = _given(manifest, row) if usable[place, column] else none
        if sample.label is not None:
            truth[place] = _truth(manifest, sample)
            if mask is not None:
                right[place] = _is_right(manifest, given[place], truth[place])
                outputs = answer.fused.outputs[mask]
                hits[place] = _hit(manifest, outputs, given[place], truth[place])
    return OpenAnswers(truth, given, alone, right, hits)


def _given(manifest: Manifest, row: Float) -> Values:
    if manifest.number is not None:
        return np.array([manifest.number.value(float(row[0]))])
    return np.asarray(row > np.array(manifest.thresholds), np.float64)


def _none(manifest: Manifest) -> Values:
    mean = 0.0 if manifest.number is None else manifest.number.mean
    return np.full(len(manifest.labels), mean)


def _truth(manifest: Manifest, sample: Sample) -> Values:
    if manifest.number is not None:
        return np.array([float(str(sample.label))])
    own = labels_of(sample.label, "labels")
    return np.array([label in own for label in manifest.labels], np.float64)


def _is_right(manifest: Manifest, given: Values, truth: Values) -> bool:
    if manifest.number is not None:
        return bool(abs(given[0] - truth[0]) <= manifest.number.deviation)
    return bool((given == truth).all())


def _hit(manifest: Manifest, row: Float, given: Values, truth: Values) -> float:
    if manifest.number is not None:
        return float(np.exp(-abs(given[0] - truth[0]) / manifest.number.deviation))
    return float(truth @ row / max(truth.sum(), 1.0))
