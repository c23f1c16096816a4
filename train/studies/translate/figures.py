"""Figures of merit of answers, and the one that chooses: higher is better in all."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from train.ccc import ccc
from train.corpora.corpus import Part, Task
from train.metrics import accuracy, macro_f1, uar

FIGURES: dict[Task, tuple[str, ...]] = {
    "classes": ("balanced_accuracy", "macro_f1"),
    "regression": ("ccc", "negative_mae"),
}
"""What is reported, the foremost first."""


def figures(task: Task, said: Tensor, part: Part) -> dict[str, float]:
    """Of answers (N, outputs): logits of classes, or values; with `score`, which chooses."""
    if task == "classes":
        labels, answers = part.targets.astype(np.int64), said.argmax(dim=1).numpy()
        balanced, f1 = uar(labels, answers), macro_f1(labels, answers)
        return {
            "balanced_accuracy": balanced,
            "macro_f1": f1,
            "accuracy": accuracy(labels, answers),
            "score": (balanced + f1) / 2,
        }
    true = torch.from_numpy(np.asarray(part.targets, np.float32))
    concordance = float(ccc(said, true).mean())
    return {
        "ccc": concordance,
        "negative_mae": -float((said - true).abs().mean()),
        "score": concordance,
    }
