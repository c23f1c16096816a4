"""The targets of a recorded corpus: a number for each class, set of labels, or value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import NumberSpec
from edge.errors import DataError
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample, labels_of
from train.stages.recorded.config import NumberConfig
from train.stages.targets import Targets

NO_LABEL = -1
"""The target of windows without a label, which no loss of an answer may read."""


@dataclass(frozen=True)
class SampleTargets:
    """The targets of a run.

    Attributes:
        number: For a regression.
    """

    targets: Targets
    number: NumberSpec | None
    _numbers: dict[str, int]

    def of(self, sample: Sample) -> int:
        """The number of a sample's target, for `ComposedWindows.label`; without a label
        `NO_LABEL`."""
        return NO_LABEL if sample.label is None else self._numbers[sample.label]


def sample_targets(
    corpus: RecordedCorpus, samples: dict[str, list[Sample]], about: NumberConfig
) -> SampleTargets:
    """Number the targets of labelled samples.

    Args:
        samples: By split; the mean and deviation of a number are those of "train".
        about: Name, unit and range of a number.

    Raises:
        DataError: The numbers for training are all the same, or one lies outside the range.
    """
    if corpus.task == "regression":
        return _of_numbers(corpus, samples, about)
    written = sorted({str(sample.label) for some in samples.values() for sample in some})
    if corpus.task == "classes":
        numbers = {label: corpus.labels.index(label) for label in written}
        return SampleTargets(Targets("classes", corpus.labels), None, numbers)
    sets = [frozenset(labels_of(one, "labels")) for one in written]
    distinct = sorted(set(sets), key=sorted)
    table = np.array([[name in one for name in corpus.labels] for one in distinct], np.float32)
    numbers = {name: distinct.index(one) for name, one in zip(written, sets, strict=True)}
    return SampleTargets(Targets("labels", corpus.labels, table), None, numbers)


def _of_numbers(
    corpus: RecordedCorpus, samples: dict[str, list[Sample]], about: NumberConfig
) -> SampleTargets:
    where = corpus.folder
    train = _values(samples["train"])
    every = np.concatenate([_values(some) for some in samples.values()])
    if np.ptp(train) == 0:
        raise DataError(f"{where}: every training sample has the number {train[0]:g}: add others.")
    low, high = about.range or (float(every.min()), float(every.max()))
    if (outside := every[(every < low) | (every > high)]).size:
        raise DataError(
            f"{where}: the number {outside[0]:g} lies outside number.range, {low:g} to {high:g}:"
            " give a wider range."
        )
    spec = NumberSpec(
        name=about.name,
        unit=about.unit,
        low=low,
        high=high,
        mean=float(train.mean()),
        deviation=float(train.std()),
    )
    distinct = np.unique(every)
    table = ((distinct - spec.mean) / spec.deviation).astype(np.float32)[:, None]
    numbers = {
        str(sample.label): int(np.searchsorted(distinct, float(str(sample.label))))
        for some in samples.values()
        for sample in some
    }
    return SampleTargets(Targets("regression", (spec.name,), table), spec, numbers)


def _values(samples: Sequence[Sample]) -> np.ndarray:
    return np.array([float(str(sample.label)) for sample in samples], np.float64)
