"""Trained networks as modules with the inputs and outputs that `edge.bundle.manifest` defines."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from edge.types import MASKS
from train.models.fusion import FusionModel, mask_bits
from train.models.one_stream import OneStream
from train.models.reliability import MaskedConfidence
from train.stages.targets import Targets
from train.task import Task


class EncoderGraph(nn.Module):
    """Maps one item to `embedding` (1, D) and the pooling `logit` (1,)."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = fold(encoder)

    def forward(self, item: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        embedding, logit = self.encoder(item)
        return embedding, logit


class HalfTable(nn.Module):
    """An embedding table in half precision; looked-up vectors are float32.

    The table is most of the text graph's bytes, and a word's vector is a mean of up to eight rows.
    """

    weight: Tensor

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self.register_buffer("weight", table.weight.detach().half())

    def forward(self, ids: Tensor) -> Tensor:
        """Float32 vectors (..., D) of integer ids (...)."""
        return nn.functional.embedding(ids, self.weight).float()


class PlainLayerNorm(nn.Module):
    """A layer norm of plain operators: TensorRT 8.5 knows no LayerNormalization."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = (centred * centred).mean(dim=-1, keepdim=True)
        return centred / torch.sqrt(variance + self.eps) * self.weight + self.bias


class FusionGraph(nn.Module):
    """Maps `embeddings` (3, D) and `quality` (Q,) to the answers (7, C), `confidence` (7,) and
    `reliability` (3,). The answers are `probabilities`, or for a regression `standard_score`."""

    bits: Tensor

    def __init__(
        self, fusion: FusionModel, confidence: MaskedConfidence, task: Task = "classes"
    ) -> None:
        super().__init__()
        self.targets = Targets(task)
        self.fusion = fusion
        self.confidence = confidence
        self.register_buffer("bits", mask_bits())

    def forward(self, embeddings: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        repeated = embeddings[None].expand(len(MASKS), -1, -1)
        out = self.fusion.on_embeddings(repeated, self.bits)
        answers = self.targets.answers(out.logits)
        largest = self.targets.largest(answers)
        confidence, reliability = self.confidence(
            out.z[None],
            embeddings[None],
            quality[None],
            None if largest is None else largest[None],
        )
        return answers, confidence[0], reliability[0]


class OneStreamGraph(nn.Module):
    """Maps `embeddings` (1, D) and `quality` (Q,) of a one-stream bundle to `probabilities` (1, C),
    `confidence` (1,) and `reliability` (1,)."""

    def __init__(self, model: OneStream) -> None:
        super().__init__()
        self.model = model

    def forward(self, embeddings: Tensor, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        logits, confidence, reliability = self.model(embeddings, quality[None])
        return torch.softmax(logits, dim=1), confidence, reliability


def fold(module: nn.Module) -> nn.Module:
    """A copy in eval mode. BatchNorm is folded into the convolution before or the linear layer
    after it, embedding tables are kept in half precision, layer norms become plain operators."""
    module = copy.deepcopy(module).eval()
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Embedding):
                setattr(parent, name, HalfTable(child))
            if isinstance(child, nn.LayerNorm):
                setattr(parent, name, PlainLayerNorm(child))
        if not isinstance(parent, nn.Sequential):
            continue
        for k in range(len(parent) - 1):
            first, second = parent[k], parent[k + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                parent[k] = fuse_conv_bn_eval(first, second)
                parent[k + 1] = nn.Identity()
            if isinstance(first, nn.BatchNorm1d):
                behind = parent[k + 2] if isinstance(second, nn.Dropout) else second
                if isinstance(behind, nn.Linear):
                    _fold_into(first, behind)
                    parent[k] = nn.Identity()
    return module


def _fold_into(norm: nn.BatchNorm1d, linear: nn.Linear) -> None:
    """Fold with W (s x + t) + b = (W s) x + (W t + b), in float64, so that it is rounded once."""
    assert norm.running_mean is not None and norm.running_var is not None
    with torch.no_grad():
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        shift = norm.bias.double() - scale * norm.running_mean.double()
        weight = linear.weight.double()
        linear.bias.copy_(linear.bias.double() + weight @ shift)
        linear.weight.copy_(weight * scale)
