"""How far a run's confidence is the share that is right: numbers, and a reliability diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge.bench.plot import blank
from train import checkpoint
from train.metrics import calibration_bins, calibration_error

NUMBERS_NAME = "calibration.json"
IMAGE_NAME = "calibration.png"


def calibration(estimate: NDArray[Any], outcome: NDArray[Any]) -> dict[str, Any]:
    """ECE, count and bins of an estimate (n,) in 0..1.

    Args:
        outcome: (n,), what it estimates: whether the answer is right, or a number in 0..1.
    """
    return {
        "n": len(estimate),
        "ece": round(calibration_error(outcome, estimate), 4),
        "bins": calibration_bins(outcome, estimate),
    }


def write_calibration(run: Path, outcome: str, groups: dict[str, dict[str, Any]]) -> None:
    """Write `run`/calibration.json.

    Args:
        outcome: the label of the vertical axis.
        groups: by condition, such as "clean", then by estimate, such as "confidence".
    """
    checkpoint.write_json(run / NUMBERS_NAME, {"outcome": outcome, "groups": groups})


def plot_calibration(run: Path) -> Path | None:
    """Write `run`/calibration.png; None where the report has left no numbers.

    Raises:
        SinkError: matplotlib is missing.
    """
    if not (run / NUMBERS_NAME).is_file():
        return None
    found = checkpoint.read_json(run / NUMBERS_NAME)
    groups = found["groups"]
    figure = blank(5.5 * len(groups), 6)
    rows = figure.subplots(2, len(groups), squeeze=False, height_ratios=(3, 1), sharex=True)
    for column, (name, estimates) in enumerate(groups.items()):
        lines = {
            f"{estimate}, ECE {one['ece']:.3f}": one["bins"] for estimate, one in estimates.items()
        }
        draw_diagram(rows[0, column], lines, found["outcome"])
        rows[0, column].set_title(f"test, {name}")
        _counts(rows[1, column], lines)
    figure.savefig(run / IMAGE_NAME, dpi=110)
    return run / IMAGE_NAME


def draw_diagram(axes: Any, lines: dict[str, list[dict[str, Any]]], outcome: str) -> None:
    """The estimate of each bin against its outcome, on the axes of matplotlib."""
    axes.plot([0, 1], [0, 1], "--", color="#999999")
    for name, bins in lines.items():
        axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], "o-", label=name)
    axes.set(title="calibration", xlabel="confidence", ylabel=outcome, xlim=(0, 1))
    if lines:
        axes.legend()


def _counts(axes: Any, lines: dict[str, list[dict[str, Any]]]) -> None:
    for bins in lines.values():
        axes.plot([b["confidence"] for b in bins], [b["n"] for b in bins], "o-")
    axes.set(xlabel="confidence", ylabel="count", ylim=(0, None))
