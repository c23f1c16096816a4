"""The metrics of a student that are reported, and the score that chooses its epoch and weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from train.corpora.corpus import Part
from train.metrics import task_metrics
from train.task import Task

REPORTED: dict[Task, tuple[str, ...]] = {
    "classes": ("balanced_accuracy", "macro_f1"),
    "regression": ("ccc", "negative_mae"),
}
"""The metrics that are reported; gains are tested on the first."""


def student_metrics(task: Task, outputs: Tensor, part: Part) -> dict[str, float]:
    """Metrics of outputs (N, C), all higher for better outputs, and `score`, by which epochs and
    weights are chosen."""
    if task == "classes":
        found = task_metrics(task, outputs, torch.from_numpy(part.targets.astype(np.int64)))
        names = ("balanced_accuracy", "macro_f1", "accuracy")
        score = (found["balanced_accuracy"] + found["macro_f1"]) / 2
        return {name: found[name] for name in names} | {"score": score}
    found = task_metrics(task, outputs, torch.from_numpy(np.asarray(part.targets, np.float32)))
    return {"ccc": found["ccc"], "negative_mae": -found["mae"], "score": found["ccc"]}
