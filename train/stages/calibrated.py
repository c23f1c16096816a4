"""The calibration of a run's answers on its test windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge.types import Float
from train.calibration import calibration, write_calibration
from train.stages.composed_windows import ComposedWindows
from train.stages.targets import Targets

RIGHT, ESTIMATED = "share right", "what the confidence estimates"


Answered = tuple[ComposedWindows, Float, Float, Float]
"""Windows; answers (n, 7, C), confidences (n, 7) and what these estimate (n, 7)."""


def write_calibrated(run: Path, targets: Targets, tested: dict[str, Answered]) -> None:
    """Write the numbers of `run`/calibration.png, by condition. Only one label of several classes
    is right or wrong; of other tasks it is compared what the confidence estimates."""
    outcome = RIGHT if targets.task == "classes" else ESTIMATED
    groups = {name: _calibration_of(targets, *one) for name, one in tested.items()}
    write_calibration(run, outcome, groups)


def _calibration_of(
    targets: Targets, windows: ComposedWindows, answers: Float, confidence: Float, target: Float
) -> dict[str, Any]:
    """By estimate: the confidence, and of classes the highest probability too, with all streams
    that are present."""
    whole = np.arange(len(windows)), windows.whole
    sure = confidence[whole]
    if targets.task != "classes":
        return {"confidence": calibration(sure, target[whole])}
    right = targets.right(answers[whole], windows.label)
    return {
        "confidence": calibration(sure, right),
        "highest probability": calibration(answers[whole].max(axis=1), right),
    }
