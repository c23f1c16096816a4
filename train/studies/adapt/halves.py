"""A person's recordings cut into a half to adapt to and a half to measure; labels hidden but for a
few."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from train.evaluation.takes import Take
from train.studies.adapt.people import in_turns


@dataclass(frozen=True)
class Halves:
    """The halves share no recording. Those to adapt to are in the order in which they are labelled:
    the labels take turns."""

    adapted_to: tuple[Take, ...]
    measured: tuple[Take, ...]

    def with_labels(self, count: int) -> tuple[Take, ...]:
        """The takes to adapt to, of which `count` show their label."""
        return tuple(
            take if place < count else hidden(take) for place, take in enumerate(self.adapted_to)
        )


def halve(takes: tuple[Take, ...], seed: int) -> Halves:
    """Each label is spread over both halves: of its takes, in a random order, every second one."""
    rng = np.random.default_rng([seed, len(takes)])
    labels = np.array([take.samples[0].label for take in takes], np.str_)
    sides: tuple[list[int], list[int]] = ([], [])
    turn = 0
    for label in np.unique(labels):
        for place in rng.permutation(np.flatnonzero(labels == label)):
            sides[turn % 2].append(int(place))
            turn += 1
    first = np.array(sorted(sides[0]))
    shown = first[in_turns(labels[first], rng)]
    return Halves(tuple(takes[k] for k in shown), tuple(takes[k] for k in sorted(sides[1])))


def hidden(take: Take) -> Take:
    """The take with no label."""
    return replace(take, samples=tuple(replace(one, label=None) for one in take.samples))
