"""What fusion and confidence are trained on: the windows of every split, and how they go together.

The streams of the corpora of the live bundle were not recorded together, so their windows are
composed by class. Recordings of people have all streams of one moment: their windows are aligned.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.types import STREAMS
from train.corpora.labels import LABELS
from train.stages.aligned_windows import Aligner
from train.stages.composed_windows import Composer
from train.stages.stream_windows import StreamWindows
from train.stages.targets import Targets
from train.task import Task

FUSION = "fusion"
"""The split of the people on whom fusion alone learns."""
UNLABELLED = "unlabelled"
"""The split without labels, of people for training; in aligned windows alone."""
Reliability = dict[str, NDArray[np.float32]]
"""The reliability of each stream window, by stream."""


@dataclass(frozen=True)
class WindowSplits:
    """Windows by stream, then split; and the names of their labels, by number. `task` and `table`
    as in `train.stages.targets.Targets`; `streams` are those that occur, the others are absent from
    every window."""

    windows: dict[str, dict[str, StreamWindows]]
    labels: tuple[str, ...] = LABELS
    together: Literal["composed", "aligned"] = "composed"
    task: Task = "classes"
    table: NDArray[np.float32] | None = None
    prior: tuple[float, ...] | None = None
    """Share of each label in composed windows, but for those of the test, whose figures are those
    of equal shares. None: equal shares."""
    streams: tuple[str, ...] = STREAMS

    @property
    def targets(self) -> Targets:
        """What the windows are to be answered with."""
        return Targets(self.task, self.labels, self.table)

    def of(self, split: str) -> dict[str, StreamWindows]:
        """The windows of one split, by stream."""
        return {stream: by_split[split] for stream, by_split in self.windows.items()}

    @property
    def unlabelled(self) -> Composer | None:
        """Draws windows that have no label, where there are some."""
        there = all(UNLABELLED in by_split for by_split in self.windows.values())
        return self.composer(UNLABELLED) if there else None

    @property
    def fusion_split(self) -> str:
        """The split on which fusion learns: people apart from all others, or else the encoders'."""
        return FUSION if all(FUSION in by_split for by_split in self.windows.values()) else "train"

    def composer(self, split: str, reliability: Reliability | None = None) -> Composer:
        """Draws windows of all streams from one split.

        Args:
            reliability: The default is 1 for a window with evidence of its label, else 0.

        Raises:
            DataError: A label has no window.
        """
        if self.together == "aligned":
            return Aligner(self.of(split), split, self.labels, reliability)
        prior = None if split == "test" else self.prior
        return Composer(self.of(split), split, self.labels, reliability, prior)


def cut_held_out(held_out: StreamWindows, persons: NDArray[np.str_]) -> dict[str, StreamWindows]:
    """One stream's held-out windows, cut by person: those for fusion, and the others.

    The persons of each corpus take turns, in the order of a stable hash; the first goes to fusion.

    Args:
        persons: of every item, as `corpus/person`.
    """
    names, number = np.unique(persons[held_out.item], return_inverse=True)
    fusion = np.zeros(len(names), bool)
    of_corpus: dict[str, list[int]] = {}
    for place in sorted(range(len(names)), key=lambda k: (zlib.crc32(str(names[k]).encode()), k)):
        earlier = of_corpus.setdefault(str(names[place]).split("/")[0], [])
        fusion[place] = len(earlier) % 2 == 0
        earlier.append(place)
    return {
        FUSION: held_out.take(fusion[number]),
        "held_out": held_out.take(~fusion[number]),
    }
