"""Which stream learns from which in a sample, and how much: CDaT's weights and their controls."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from train.losses import true_confidence
from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT, confidence_without, transfer_weights
from train.stages.cdat_setting import is_right
from train.stages.tensors import TensorPart
from train.task import Task

Weights = Literal["none", "constant", "shuffled", "cdat", "true_tcp", "oracle"]
"""Transfer weights: none, constant (the mean of CDaT's weights), CDaT's weights of another sample,
CDaT's weights, the same from the true class probabilities in place of ConfidNet's, and 1 towards a
stream that is wrong alone from one that is right alone. The last two read the targets, hidden ones
too: they are bounds, not methods."""


def weights_of(
    kind: Weights,
    task: Task,
    scale: float,
    model: FusionModel,
    confidnet: ConfidNet,
    part: TensorPart,
) -> Tensor:
    """(B, 3, 3); [i, m, n] weights the transfer from stream n to stream m in sample i. The model
    is in eval mode meanwhile, without gradient; `shuffled` is not shuffled yet.

    Args:
        scale: standard deviation of the training targets, for regression.
    """
    if kind == "none":
        return torch.zeros(len(part), 3, 3)
    was, there = model.training, present(part)
    model.eval()
    with torch.no_grad():
        hidden = model.encode(part.streams)
        if kind == "oracle":
            found = oracle_weights(_right_alone(task, scale, model, part, hidden), there)
        elif kind == "true_tcp":
            confidence = true_confidence_without(task, scale, model, part, hidden)
            found = transfer_weights(confidence.nan_to_num(0.0), there)
        else:
            found = transfer_weights(confidence_without(model, confidnet, hidden, there), there)
    model.train(was)
    if kind == "constant":
        pairs = there[:, :, None] * there[:, None, :] * (1.0 - torch.eye(3))
        # The same total transfer as CDaT's, independent of sample and direction.
        return found.sum() / pairs.sum().clamp(min=1.0) * (there[:, :, None] * there[:, None, :])
    return found


def oracle_weights(right: Tensor, present: Tensor) -> Tensor:
    """1 from a stream that is right alone to one that is wrong alone, else 0; (B, 3, 3).

    Args:
        right: bool (B, 3), whether each stream alone is right.
        present: (B, 3).
    """
    pairs = present[:, :, None] * present[:, None, :]
    return (~right[:, :, None] & right[:, None, :]).float() * pairs


@torch.no_grad()
def true_confidence_without(
    task: Task, scale: float, model: FusionModel, part: TensorPart, hidden: Tensor
) -> Tensor:
    """What ConfidNet is to predict with each stream left out, (B, 3); NaN where it is undefined."""
    there = present(part)
    found = [
        true_confidence(
            task,
            model.fuse(hidden, mask.expand_as(there), there).logits,
            part.targets,
            scale,
        )
        for mask in torch.split(WITHOUT, 1)
    ]
    return torch.stack(found, dim=1)


def present(part: TensorPart) -> Tensor:
    """1 where a sample has a stream, float (B, 3)."""
    return torch.stack([s.present for s in part.streams], dim=1).float()


def _right_alone(
    task: Task, scale: float, model: FusionModel, part: TensorPart, hidden: Tensor
) -> Tensor:
    there = present(part)
    found = [
        is_right(task, model.fuse(hidden, m.expand_as(there), there).logits, part.targets, scale)
        for m in torch.split(torch.eye(3), 1)
    ]
    return torch.stack(found, dim=1)
