"""Quality of ConfidNet's prediction on test, beside scores computed from the logits."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import pearsonr

from train.losses import true_confidence
from train.metrics import auroc
from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.stages.cdat_setting import outputs_of
from train.stages.tensors import TensorSplits


def confidence_quality(
    splits: TensorSplits, model: FusionModel, confidnet: ConfidNet
) -> dict[str, dict[str, float]]:
    """For ConfidNet, max-probability, energy and (negative) entropy, on the test split: standard
    deviation over samples, correlation with the true class probability, AUROC of separating correct
    from wrong predictions.

    Only for classes, because the other scores need a softmax.
    """
    if splits.task != "classes":
        return {}
    out = outputs_of(model, splits.test)
    confidnet.eval()
    with torch.no_grad():
        predicted = confidnet(out.z)
    p = torch.softmax(out.logits, dim=1)
    scores = {
        "confidnet": predicted,
        "max_probability": p.max(dim=1).values,
        "energy": torch.logsumexp(out.logits, dim=1),
        "entropy": (p * torch.log(p.clamp(min=1e-12))).sum(dim=1),
    }
    true = true_confidence("classes", out.logits, splits.test.targets, 1.0).numpy()
    right = (out.logits.argmax(dim=1) == splits.test.targets).numpy()
    found = {}
    for name, value in scores.items():
        x = value.numpy().astype(np.float64)
        flat = float(np.std(x)) < 1e-12
        found[name] = {
            "deviation": float(np.std(x)),
            "correlation": 0.0 if flat else float(pearsonr(x, true).statistic),
            "auroc": auroc(x, right),
        }
    return found
