"""Which stream is the strong one: by the score on validation of each alone, never on test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranked:
    """A stream and its scores alone on validation, one for each search seed."""

    stream: str
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.scores))


def rank(scores: dict[str, list[float]]) -> list[Ranked]:
    """The strongest first; of equals, the first in the given order."""
    found = [Ranked(stream, tuple(values)) for stream, values in scores.items()]
    return sorted(found, key=lambda one: -one.mean)
