"""The loss terms of a distillation, and the outputs of a frozen teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from train.studies.translate.alignment import Align
from train.studies.translate.config import Distance, Target
from train.studies.translate.data import Sequences

Pairs = Literal["true", "shuffled", "within class"]
"""Which sample's teacher outputs a sample gets: its own, a random one's, or a random one's of its
class."""


@dataclass(frozen=True)
class Distillation:
    """Parameters of a student's loss, L_task + beta L_translate + gamma L_align."""

    beta: float = 0.0
    to: Target = "features"
    distance: Distance = "l1"
    gamma: float = 0.0
    align: Align = "dcca"
    pairs: Pairs = "true"


ALONE = Distillation()


@dataclass(frozen=True)
class Teacher:
    """A frozen teacher's features and embeddings for N training samples."""

    features: Sequences
    embedding: Tensor
    """(N, D); each dimension has mean 0 and standard deviation 1 over the samples in `present`."""
    present: Tensor
    """bool (N,): True if the sample has the teacher's stream."""


def label(strong: str | None, distillation: Distillation) -> str:
    """Describe a run, such as "distilled from text, cosine 1"."""
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
