"""Figures of an answer, by task; `score` is what epochs and settings are chosen by."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score, jaccard_score
from torch import Tensor

from train.corpora.corpus import Task

PRIMARY_METRIC: dict[Task, str] = {"classes": "macro_f1", "labels": "micro_f1", "regression": "ccc"}


def figures(task: Task, logits: Tensor, targets: Tensor) -> dict[str, float]:
    """All figures of a task, and `score`.

    Args:
        logits: (N, C).
        targets: int64 (N,), or float32 (N, C).
    """
    if task == "classes":
        said, true = logits.argmax(dim=1).numpy(), targets.numpy()
        loss = torch.nn.functional.cross_entropy(logits, targets)
        out = {
            "macro_f1": f1_score(true, said, average="macro", zero_division=0),
            "balanced_accuracy": balanced_accuracy_score(true, said),
            "accuracy": float(np.mean(said == true)),
            "nll": float(loss),
        }
        # Of two epochs that name as much rightly the surer one.
        score = out["macro_f1"] + out["accuracy"] - 0.1 * out["nll"]
        return {k: float(v) for k, v in out.items()} | {"score": float(score)}
    if task == "labels":
        named, labels = (torch.sigmoid(logits) > 0.5).numpy(), targets.numpy() > 0.5
        out = {
            "jaccard": jaccard_score(labels, named, average="samples", zero_division=1.0),
            "micro_f1": f1_score(labels, named, average="micro", zero_division=0),
            "macro_f1": f1_score(labels, named, average="macro", zero_division=0),
        }
        return {k: float(v) for k, v in out.items()} | {"score": float(out["micro_f1"])}
    from train.ccc import ccc

    each = [float(ccc(logits[:, k], targets[:, k])) for k in range(logits.shape[1])]
    error = float((logits - targets).abs().mean())
    return {"ccc": float(np.mean(each)), "mae": error, "score": float(np.mean(each))}
