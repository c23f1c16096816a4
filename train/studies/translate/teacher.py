"""The teacher: the strong stream's encoder, trained alone, then frozen."""

from __future__ import annotations

from pathlib import Path

import torch

from edge.types import STREAMS
from train.studies.translate.data import sequences
from train.studies.translate.distillation import ALONE, Teacher
from train.studies.translate.student import Problem, train_student
from train.studies.translate.translator import Translator

MIN_DEVIATION = 1e-4


def train_teacher(
    problem: Problem, stream: str, folder: Path, key: str
) -> tuple[Translator, dict[str, float]]:
    """Train E_s and its head as a student without distillation; returns them and their validation
    metrics."""
    return train_student(problem, stream, ALONE, None, folder, key)


def freeze_teacher(problem: Problem, stream: str, model: Translator) -> Teacher:
    """The teacher's outputs on the training split, in eval mode and without gradient."""
    train = problem.parts.train
    features = sequences(train, stream)
    present = torch.from_numpy(train.present[:, STREAMS.index(stream)].copy())
    with torch.no_grad():
        embedding = model.eval()(features)[1]
        deviation = embedding[present].std(dim=0).clamp_min(MIN_DEVIATION)
        embedding = (embedding - embedding[present].mean(dim=0)) / deviation
    return Teacher(features, embedding, present)
