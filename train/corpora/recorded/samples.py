"""Labelled spans of recordings, and the rules that every table of them must keep."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import DataError
from edge.types import NS_PER_S, Word
from train.corpora.splits import SPLITS
from train.task import Task

SEPARATOR = "|"
"""Between several labels of one sample."""
MAX_LABELS = 32
"""Of a corpus that a bundle is trained on."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled span of a recording.

    Attributes:
        id: Unique in the corpus.
        recording: The name of the recording that it is cut from.
        start_s, end_s: Seconds from the beginning of the file; `end_s` None: to its end.
        label: A class; several labels joined by "|"; a number for regression. None: unlabelled.
        person: Whoever is seen and heard; all samples of a person are in one split.
        split: One of `train.corpora.splits.SPLITS`. None: to be cut by person.
        words: The words that were said, with times from the beginning of the file. None: those
            that speech-to-text recognised.
    """

    id: str
    recording: str
    start_s: float
    end_s: float | None
    label: str | None
    person: str
    split: str | None
    words: tuple[Word, ...] | None


def labels_of(label: str | None, task: Task) -> tuple[str, ...]:
    """The single labels of a sample: none for an unlabelled one, and none for a number."""
    if label is None or task == "regression":
        return ()
    if task == "classes":
        return (label,)
    return tuple(one.strip() for one in label.split(SEPARATOR))


def spread(transcript: str, start_s: float, end_s: float) -> tuple[Word, ...]:
    """The words of a transcript, evenly over its span, with confidence 1."""
    texts = transcript.split()
    start_ns, end_ns = round(start_s * NS_PER_S), round(end_s * NS_PER_S)
    edges = [start_ns + (end_ns - start_ns) * n // max(1, len(texts)) for n in range(len(texts))]
    return tuple(
        Word(text, begin, until, 1.0)
        for text, begin, until in zip(texts, edges, [*edges[1:], end_ns], strict=True)
    )


def check_samples(samples: Sequence[Sample], task: Task, labels: Sequence[str], where: str) -> None:
    """Check the rules that do not depend on the files.

    Args:
        labels: The corpus's labels; empty for a regression.
        where: The table's name, for messages.

    Raises:
        DataError: No sample; two with one id; times that are negative or end before they start; an
            unknown split or label; a person in two splits; a class that only one sample has.
    """
    if not samples:
        raise DataError(f"{where} has no samples.")
    ids = Counter(sample.id for sample in samples)
    if twice := [name for name, count in ids.items() if count > 1]:
        raise DataError(f"{where}: the id '{twice[0]}' occurs twice: ids must be unique.")
    for sample in samples:
        _check_times(sample, where)
        _check_label(sample, task, labels, where)
    _check_persons(samples, where)
    if task != "regression":
        uses = Counter(label for sample in samples for label in labels_of(sample.label, task))
        if once := sorted(label for label in labels if uses[label] == 1):
            raise DataError(
                f"{where}: the label '{once[0]}' is used once: a label needs two samples or more,"
                " so add some or leave it out; for numbers, choose the task regression."
            )


def _check_times(sample: Sample, where: str) -> None:
    start_s, end_s = sample.start_s, sample.end_s
    if not math.isfinite(start_s) or start_s < 0:
        raise DataError(f"{where}: {sample.id}: the start is {start_s:g} s: it must be 0 or later.")
    if end_s is not None and not (math.isfinite(end_s) and end_s > start_s):
        raise DataError(
            f"{where}: {sample.id}: it ends at {end_s:g} s but starts at {start_s:g} s: the end"
            " must be after the start."
        )


def _check_label(sample: Sample, task: Task, labels: Sequence[str], where: str) -> None:
    if unknown := [one for one in labels_of(sample.label, task) if one not in labels]:
        raise DataError(
            f"{where}: {sample.id}: the label '{unknown[0]}' is not one of {', '.join(labels)}."
        )
    parts = labels_of(sample.label, task)
    if len(set(parts)) < len(parts) or not all(parts):
        raise DataError(
            f"{where}: {sample.id}: '{sample.label}' has an empty label or one twice: write each"
            f" label once, with one '{SEPARATOR}' between two."
        )
    if task == "regression" and sample.label is not None:
        try:
            finite = math.isfinite(float(sample.label))
        except ValueError:
            finite = False
        if not finite:
            raise DataError(
                f"{where}: {sample.id}: the label '{sample.label}' is not a finite number: the task"
                " is regression."
            )


def _check_persons(samples: Sequence[Sample], where: str) -> None:
    splits: dict[str, str | None] = {}
    for sample in samples:
        if sample.split is not None and sample.split not in SPLITS:
            raise DataError(
                f"{where}: {sample.id}: the split '{sample.split}' is not one of"
                f" {', '.join(SPLITS)}."
            )
        if (first := splits.setdefault(sample.person, sample.split)) != sample.split:
            told = " and ".join(f"'{one}'" if one else "no split" for one in (first, sample.split))
            raise DataError(
                f"{where}: the person '{sample.person}' is in {told}: put all samples of a person"
                " into one split, or the model is tested on a person that it was trained on."
            )
