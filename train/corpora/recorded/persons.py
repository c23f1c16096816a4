"""How many samples each person has, and of how many labels, in three numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from edge.bundle.document import Strict
from train.corpora.recorded.samples import labels_of
from train.task import Task


class Told(Protocol):
    """A sample, or a row of the table that it comes from."""

    @property
    def label(self) -> str | None: ...

    @property
    def person(self) -> str: ...


class Persons(Strict):
    """Of all samples, labelled or not."""

    number: int
    fewest: int
    """Samples of the person who has the fewest."""
    most: int
    one_label: int | None
    """Persons whose labelled samples all have the same label: of them it cannot be learned how
    labels differ. None where there are not two labels, or the label is a number."""


def persons_of(samples: Iterable[Told], task: Task) -> Persons:
    """Count the samples of each person."""
    samples_of: dict[str, int] = defaultdict(int)
    labels: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        samples_of[sample.person] += 1
        labels[sample.person].update(labels_of(sample.label, task))
    several = len(set[str]().union(*labels.values())) > 1
    return Persons(
        number=len(samples_of),
        fewest=min(samples_of.values(), default=0),
        most=max(samples_of.values(), default=0),
        one_label=sum(len(one) == 1 for one in labels.values()) if several else None,
    )


def told(persons: Persons) -> str:
    """For people, such as "12, each with 3 to 40 samples; 2 of them with one label only"."""
    each = f"{persons.fewest}"
    if persons.most > persons.fewest:
        each += f" to {persons.most}"
    one = f"; {persons.one_label} of them with one label only" if persons.one_label else ""
    return f"{persons.number}, each with {each} samples{one}"
