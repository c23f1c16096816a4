"""What it changes to look at every other picture: `python -m edge.bench.pictures CLIP ...`.

Each file is run with every picture and with the configured gap, without speech-to-text.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.config import load_config
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run

EVERY = "vision.min_gap_ms=0"


@dataclass
class Compared:
    """Of the steps of several files, with each picture and with fewer."""

    steps: int = 0
    labels: int = 0
    """Steps with another label."""
    states: int = 0
    """Streams of a step that are in another state, or in it for another reason."""
    moved: list[float] = field(default_factory=list)
    """Of each step with the same streams, the most by which a probability differs."""

    def take(self, all_of_them: Sequence[Verdict], fewer: Sequence[Verdict]) -> None:
        """The verdicts of one file."""
        for one, other in zip(all_of_them, fewer, strict=True):
            self.steps += 1
            self.labels += one.label != other.label
            for name, stream in one.streams.items():
                with_fewer = other.streams[name]
                self.states += (stream.state, stream.reason) != (
                    with_fewer.state,
                    with_fewer.reason,
                )
            if one.mask == other.mask and one.scores:
                differs = [abs(one.scores[label] - other.scores[label]) for label in one.scores]
                self.moved.append(max(differs))

    def sentence(self) -> str:
        """For people."""
        moved = self.moved or [0.0]
        return (
            f"{self.steps} steps: {self.labels} labels and {self.states} states of streams differ;"
            f" probabilities by {np.mean(moved):.4f} on average, {max(moved):.4f} at most."
        )


def verdicts(clip: Path, *settings: str) -> list[Verdict]:
    """Of a file at full speed."""
    asked = ["asr.engine=none", *settings]
    with Run(load_config(None, asked, {"source": {"file": str(clip)}})) as run:
        return list(run.verdicts())


def main() -> None:
    """Print one sentence for all files together."""
    compared = Compared()
    for clip in sys.argv[1:]:
        compared.take(verdicts(Path(clip), EVERY), verdicts(Path(clip)))
    print(compared.sentence())


if __name__ == "__main__":
    main()
