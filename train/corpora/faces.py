"""The faces of a picture corpus, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Faces:
    """n faces with one of the seven labels, in the order of their table."""

    names: list[str]
    pictures: list[NDArray[np.uint8]]
    """Grey and square; the side may differ by corpus."""
    votes: NDArray[np.float32]
    """(n, 7): share of the votes for each of the seven labels; rows sum to 1."""
    labels: NDArray[np.int64]
    persons: NDArray[np.str_]
    """(n,), as `corpus/person`; where nobody is named, the picture's own name."""
    splits: NDArray[np.str_]
    left_out: dict[str, int]
    """Number of unused rows, by reason."""

    @property
    def corpus(self) -> NDArray[np.str_]:
        """The corpus of each face, (n,)."""
        return np.array([person.split("/")[0] for person in self.persons])

    def at(self, rows: Sequence[int] | NDArray[np.int64]) -> Faces:
        """The faces at `rows`, in that order."""
        rows = np.asarray(rows, np.int64)
        return Faces(
            names=[self.names[k] for k in rows],
            pictures=[self.pictures[k] for k in rows],
            votes=self.votes[rows],
            labels=self.labels[rows],
            persons=self.persons[rows],
            splits=self.splits[rows],
            left_out=self.left_out,
        )
