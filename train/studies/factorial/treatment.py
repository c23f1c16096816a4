"""Whether a cell was treated at all: what moved between the streams, what changed in the answers,
and whether the order that CDaT's weights rest on is true."""

from __future__ import annotations

import numpy as np
import torch

from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import confidence_without
from train.stages.cdat_weights import present, true_confidence_without
from train.stages.divergence import divergence
from train.stages.tensors import TensorPart, TensorSplits
from train.studies.cdat.order_statistics import order_figures


@torch.no_grad()
def row_divergence(model: FusionModel, part: TensorPart, origin: float = 0.0) -> float:
    """Mean KL(teacher || student), in nat, of the rows that the transfer brings together, over all
    ordered pairs of streams; the part is one batch, in eval mode.

    Args:
        origin: as in `Transfer`.
    """
    model.eval()
    there = present(part)
    # As in the loss: MISA and TAILOR transfer between vectors that fusion makes.
    hidden = model.fuse(model.encode(part.streams), torch.ones_like(there), there).hidden - origin
    return divergence(hidden, there)


def changed_share(answers: list[int], before: list[int]) -> float:
    """Share of samples with another answer."""
    return float(np.mean(np.array(answers) != np.array(before)))


@torch.no_grad()
def order_agreement(
    splits: TensorSplits, model: FusionModel, confidnet: ConfidNet
) -> dict[str, float | None]:
    """Whether ConfidNet's c_-m are in the true order within a test sample: of two streams, is the
    prediction without m better than without n?

    Returns:
        `order_auc` and `order_agrees`, as `train.studies.cdat.order_statistics.order_figures`.
    """
    model.eval()
    part = splits.test
    there, hidden = present(part), model.encode(part.streams)
    said = confidence_without(model, confidnet, hidden, there)
    true = true_confidence_without(splits.task, splits.scale, model, part, hidden)
    return agreement_of(said, true, there)


def agreement_of(
    said: torch.Tensor, true: torch.Tensor, there: torch.Tensor
) -> dict[str, float | None]:
    """`order_agreement` of confidences (B, 3), the true ones (B, 3) and `present` (B, 3)."""
    known = torch.where(there > 0, true, torch.nan)
    found = order_figures(said.double().numpy(), known.double().numpy())
    return {f"order_{name}": value for name, value in found.items()}
