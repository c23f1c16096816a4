"""The paper's motivating figure: how many wrong answers come right when a stream is masked."""

from __future__ import annotations

import torch

from edge.types import STREAMS
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT
from train.stages.cdat_setting import outputs_of
from train.stages.tensors import TensorSplits


def mask_metrics(splits: TensorSplits, model: FusionModel) -> dict[str, float]:
    """On the test part, for classes or labels (all of them right): the share of wrong answers,
    of those the share that comes right without a stream, by stream and for any of them; and the
    share of right answers that would be lost."""
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
    logits, targets = outputs_of(model, splits.test, mask).logits, splits.test.targets
    if splits.task == "classes":
        return logits.argmax(dim=1) == targets
    if splits.task == "labels":
        return ((logits > 0) == (targets > 0.5)).all(dim=1)
    return ((logits - targets).abs() <= splits.scale).all(dim=1)


def _share(some: torch.Tensor, of: torch.Tensor) -> float:
    return float(some.sum()) / max(1, int(of.sum()))
