"""Weights, losses and targets, chosen on validation, on seeds that are not reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from train.studies.translate.config import Search
from train.studies.translate.student import ALONE, Lesson, Pairs

Score = Callable[[Lesson], float]
"""Mean score on validation over the search seeds."""


@dataclass(frozen=True)
class Tried:
    """A lesson and its mean score on validation."""

    lesson: Lesson
    score: float


@dataclass(frozen=True)
class Chosen:
    """The lessons to report, by name, and everything that was tried for them."""

    lessons: dict[str, Lesson]
    tried: list[Tried]


def choose(search: Search, score: Score, classes: bool) -> Chosen:
    """Each alignment with its best weight, the best translation, both together, and the controls.

    Args:
        score: trains students and never looks at the test part.
        classes: whether there are any, within which pairs can be shuffled.
    """
    tried: list[Tried] = []

    def best(lessons: Iterable[Lesson]) -> Tried:
        some = [Tried(lesson, score(lesson)) for lesson in lessons]
        tried.extend(some)
        return some[int(np.argmax([one.score for one in some]))]

    translation = best(
        Lesson(beta=beta, to=to, distance=distance)
        for beta, to, distance in product(search.beta, search.to, search.distance)
    )
    aligned = {
        align: best(Lesson(gamma=gamma, align=align) for gamma in search.gamma)
        for align in search.align
    }
    strongest = max(aligned.values(), key=lambda one: one.score).lesson
    both = replace(translation.lesson, gamma=strongest.gamma, align=strongest.align)
    lessons = {"alone": ALONE, "translation": translation.lesson}
    lessons |= {f"alignment, {align}": one.lesson for align, one in aligned.items()}
    lessons["both"] = both
    controls: list[Pairs] = ["shuffled", *(["within class"] if classes else [])]  # type: ignore[list-item]
    lessons |= {f"both, pairs {pairs}": replace(both, pairs=pairs) for pairs in controls}
    return Chosen(lessons, tried)
