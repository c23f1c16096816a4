"""Choose weights, losses and targets on validation, with seeds that are not reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from train.studies.translate.config import Search
from train.studies.translate.distillation import ALONE, Distillation, Pairs

Score = Callable[[Distillation], float]
"""Mean score on validation over the search seeds."""


@dataclass(frozen=True)
class Tried:
    """A distillation and its mean score on validation."""

    distillation: Distillation
    score: float


@dataclass(frozen=True)
class Chosen:
    """The distillations to report, by name, and all candidates of the search."""

    distillations: dict[str, Distillation]
    tried: list[Tried]


def choose_distillations(search: Search, score: Score, classes: bool) -> Chosen:
    """Choose each alignment's weight, the best translation and both together, and add the controls.

    Args:
        score: trains students and returns their validation score; it does not use test.
        classes: whether the task has classes, within which pairs can be shuffled.
    """
    tried: list[Tried] = []

    def best(distillations: Iterable[Distillation]) -> Tried:
        some = [Tried(distillation, score(distillation)) for distillation in distillations]
        tried.extend(some)
        return some[int(np.argmax([one.score for one in some]))]

    translation = best(
        Distillation(beta=beta, to=to, distance=distance)
        for beta, to, distance in product(search.beta, search.to, search.distance)
    )
    aligned = {
        align: best(Distillation(gamma=gamma, align=align) for gamma in search.gamma)
        for align in search.align
    }
    strongest = max(aligned.values(), key=lambda one: one.score).distillation
    both = replace(translation.distillation, gamma=strongest.gamma, align=strongest.align)
    distillations = {"alone": ALONE, "translation": translation.distillation}
    distillations |= {f"alignment, {align}": one.distillation for align, one in aligned.items()}
    distillations["both"] = both
    controls: list[Pairs] = ["shuffled", *(["within class"] if classes else [])]  # type: ignore[list-item]
    distillations |= {f"both, pairs {pairs}": replace(both, pairs=pairs) for pairs in controls}
    return Chosen(distillations, tried)
