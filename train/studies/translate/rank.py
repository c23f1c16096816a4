"""Rank the streams by their validation score alone; test is not used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranked:
    """A stream and its validation scores alone, one for each search seed."""

    stream: str
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean score over the seeds."""
        return float(np.mean(self.scores))


def rank(scores: dict[str, list[float]]) -> list[Ranked]:
    """Streams in order of their mean score, the best first; ties keep the given order."""
    found = [Ranked(stream, tuple(values)) for stream, values in scores.items()]
    return sorted(found, key=lambda one: -one.mean)
