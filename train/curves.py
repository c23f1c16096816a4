"""A run's training curves as one image: loss and score of each stage by epoch."""

from __future__ import annotations

from pathlib import Path

from edge.bench.plot import blank
from train.epochs import read_metrics

CURVES_NAME = "curves.png"


def plot_curves(run: Path) -> Path | None:
    """Write `run`/curves.png; None where no epoch was recorded.

    Raises:
        SinkError: matplotlib is missing.
    """
    stages = read_metrics(run)
    if not stages:
        return None
    figure = blank(9, 1 + 2.2 * len(stages))
    rows = figure.subplots(len(stages), 1, squeeze=False)[:, 0]
    for axes, (stage, epochs) in zip(rows, stages.items(), strict=True):
        numbers = [one["epoch"] for one in epochs]
        axes.plot(numbers, [one["loss"] for one in epochs], color="#b5563a", label="loss")
        axes.set(title=stage, xlabel="epoch", ylabel="loss, training")
        other = axes.twinx()
        other.plot(numbers, [one["score"] for one in epochs], color="#2f6fab", label="score")
        other.set_ylabel("score, validation")
    figure.savefig(run / CURVES_NAME, dpi=110)
    return run / CURVES_NAME
