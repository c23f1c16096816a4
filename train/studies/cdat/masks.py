"""How many wrong predictions become correct when a stream is masked, as reported in the paper."""

from __future__ import annotations

import torch

from edge.types import STREAMS
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT
from train.stages.cdat_setting import is_right, outputs_of
from train.stages.tensors import TensorSplits


def mask_metrics(splits: TensorSplits, model: FusionModel) -> dict[str, float]:
    """Effect of masking one stream on the test split, for classes, or labels (a prediction is
    correct if all labels are): the share of wrong predictions; of those the share that becomes
    correct, by stream and for any of them; and the share of correct predictions that become
    wrong."""
    whole = _right(splits, model, None)
    wrong = ~whole
    rescued = torch.zeros_like(whole)
    metrics = {"wrong": float(wrong.float().mean())}
    for place, name in enumerate(STREAMS):
        if not splits.dims[place]:
            continue
        masked = _right(splits, model, place)
        rescued |= masked & wrong
        metrics[f"right_without_{name}"] = _share(masked & wrong, wrong)
        metrics[f"lost_without_{name}"] = _share(~masked & whole, whole)
    return metrics | {"right_without_any": _share(rescued, wrong)}


def _right(splits: TensorSplits, model: FusionModel, without: int | None) -> torch.Tensor:
    mask = torch.ones(1, 3) if without is None else WITHOUT[without][None]
    logits = outputs_of(model, splits.test, mask).logits
    return is_right(splits.task, logits, splits.test.targets, splits.scale)


def _share(some: torch.Tensor, of: torch.Tensor) -> float:
    return float(some.sum()) / max(1, int(of.sum()))
