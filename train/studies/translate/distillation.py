"""What distillation asks of a student, and what a frozen teacher gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from train.studies.translate.alignment import Align
from train.studies.translate.config import Distance, Target
from train.studies.translate.data import Sequences

Pairs = Literal["true", "shuffled", "within class"]
"""Whose teacher a sample gets: its own, anyone's, or anyone's of its class."""


@dataclass(frozen=True)
class Distillation:
    """The loss of a student beside the task: L_task + beta L_translate + gamma L_align."""

    beta: float = 0.0
    to: Target = "features"
    distance: Distance = "l1"
    gamma: float = 0.0
    align: Align = "dcca"
    pairs: Pairs = "true"


ALONE = Distillation()


@dataclass(frozen=True)
class Teacher:
    """A frozen teacher's outputs for every training sample; nothing where its stream is absent."""

    features: Sequences
    embedding: Tensor
    """(N, D), each dimension of mean 0 and deviation 1 over the samples that it was trained on."""
    there: Tensor
    """bool (N,)."""


def label(strong: str | None, distillation: Distillation) -> str:
    """A run in words."""
    if strong is None:
        return "alone"
    parts = [f"distilled from {strong}"]
    if distillation.gamma:
        parts.append(f"{distillation.align} {distillation.gamma:g}")
    if distillation.beta:
        parts.append(f"to {distillation.to} ({distillation.distance}) {distillation.beta:g}")
    if distillation.pairs != "true":
        parts.append(f"pairs {distillation.pairs}")
    return ", ".join(parts)
