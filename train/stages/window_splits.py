"""What fusion and confidence are trained on: the windows of every split, and how they go together.

The streams of the corpora of the live bundle were not recorded together, so their windows are
composed by class. Recordings of people have all streams of one moment: their windows are aligned.
"""

from __future__ import annotations

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
    streams: tuple[str, ...] = STREAMS

    @property
    def targets(self) -> Targets:
        """What the windows are to be answered with."""
        return Targets(self.task, self.labels, self.table)

    def of(self, split: str) -> dict[str, StreamWindows]:
        """The windows of one split, by stream."""
        return {stream: by_split[split] for stream, by_split in self.windows.items()}

    def composer(self, split: str, reliability: Reliability | None = None) -> Composer:
        """Draws windows of all streams from one split.

        Args:
            reliability: The default is 1 for a window with evidence of its label, else 0.

        Raises:
            DataError: A label has no window.
        """
        kind = Composer if self.together == "composed" else Aligner
        return kind(self.of(split), split, self.labels, reliability)
