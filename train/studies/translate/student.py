"""Train one stream's encoder and head, alone or distilled from another stream's teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, l1_loss, mse_loss

from edge.errors import DataError
from edge.types import STREAMS
from train.corpora.corpus import Corpus, Part
from train.loop import Training, fit, generator
from train.losses import ccc_loss
from train.studies.translate.alignment import LOSSES
from train.studies.translate.config import TranslateConfig
from train.studies.translate.data import (
    CorpusSplits,
    Sequences,
    class_weights,
    sequences,
    with_stream,
)
from train.studies.translate.distillation import Distillation, Pairs, Teacher
from train.studies.translate.metrics import student_metrics
from train.studies.translate.translator import Decoder, Translator


@dataclass(frozen=True)
class Problem:
    """One corpus with the splits of one seed."""

    config: TranslateConfig
    corpus: Corpus
    parts: CorpusSplits
    seed: int

    @property
    def outputs(self) -> int:
        """Number of classes, or of regression targets."""
        if self.corpus.task == "classes":
            return len(self.corpus.labels)
        return int(self.parts.train.targets.shape[1])


def build(problem: Problem, stream: str) -> Translator:
    """An untrained student; its weights depend on the seed and not on the distillation."""
    torch.manual_seed(problem.seed)
    return Translator(problem.corpus.dims[stream], problem.outputs, problem.config.network)


def train_student(
    problem: Problem,
    stream: str,
    distillation: Distillation,
    teacher: Teacher | None,
    folder: Path,
    key: str,
) -> tuple[Translator, dict[str, float]]:
    """Train a student and keep its best epoch on validation, with `stream` alone.

    Returns:
        The student in eval mode, without its decoder, and its metrics on validation.

    Raises:
        DataError: The streams differ in their number of steps, so features cannot be translated
            step by step.
    """
    config = problem.config
    student = build(problem, stream)
    train, val = problem.parts.train, with_stream(problem.parts.val, stream)
    own, targets = sequences(train, stream), _targets(problem, train)
    rows = np.flatnonzero(train.present[:, STREAMS.index(stream)])
    task = _task_loss(problem, train, rows)
    decoder: nn.Module = nn.Identity()
    if teacher is not None and distillation.beta:
        decoder = _decoder(problem, stream, distillation, teacher)
    if teacher is not None:
        teacher = _paired(problem, teacher, distillation.pairs, rows)

    def batches(rng: np.random.Generator) -> Iterator[Tensor]:
        count = -(-len(rows) // config.fit.batch)
        # Batches of equal size: a small last one could have fewer rows than dimensions.
        for some in np.array_split(rng.permutation(rows), count):
            yield torch.from_numpy(some)

    def loss(some: Tensor) -> Tensor:
        states, embedding, output = student(own.at(some))
        total = task(output, targets[some])
        if teacher is None:
            return total
        present = teacher.present[some]
        if distillation.gamma and present.sum() > 1:
            align = LOSSES[distillation.align](embedding[present], teacher.embedding[some][present])
            scale = config.network.embedding if distillation.align == "dcca" else 1
            total = total + distillation.gamma / scale * align
        if distillation.beta and present.any():
            total = total + distillation.beta * _translation(
                distillation,
                decoder,
                states[present],
                embedding[present],
                own,
                teacher,
                some[present],
            )
        return total

    def validate() -> dict[str, float]:
        return student_metrics(problem.corpus.task, predict(student, val, stream), val)

    model = nn.ModuleDict({"student": student, "decoder": decoder})
    training = Training(stream, model, batches, loss, validate, "score")
    best = fit(training, config.fit.over(len(rows)), problem.seed, folder, key)
    return student.eval(), best


def predict(student: Translator, part: Part, stream: str) -> Tensor:
    """Outputs of the stream alone for every sample, (N, outputs); no gradient."""
    with torch.inference_mode():
        predicted: Tensor = student(sequences(part, stream))[2]
    return predicted


def _targets(problem: Problem, part: Part) -> Tensor:
    if problem.corpus.task == "classes":
        return torch.from_numpy(part.targets.astype(np.int64))
    return torch.from_numpy(np.asarray(part.targets, np.float32))


def _task_loss(
    problem: Problem, train: Part, rows: np.ndarray
) -> Callable[[Tensor, Tensor], Tensor]:
    if problem.corpus.task == "regression":
        return ccc_loss
    labels = train.targets.astype(np.int64)[rows]
    weights = class_weights(labels, problem.outputs, problem.config.fit.class_balance)
    return lambda output, target: cross_entropy(output, target, weights)


def _decoder(
    problem: Problem, stream: str, distillation: Distillation, teacher: Teacher
) -> Decoder:
    network = problem.config.network
    if distillation.to == "embedding":
        return Decoder(network.embedding, teacher.embedding.shape[1])
    own = problem.parts.train.streams[stream].shape[1]
    if own != teacher.features.x.shape[1]:
        raise DataError(
            f"{problem.corpus.name}: {stream} has {own} steps and the teacher's stream has "
            f"{teacher.features.x.shape[1]}: set search.to to [embedding], because features are"
            " translated step by step."
        )
    return Decoder(network.hidden, teacher.features.x.shape[2])


def _translation(
    distillation: Distillation,
    decoder: nn.Module,
    states: Tensor,
    embedding: Tensor,
    own: Sequences,
    teacher: Teacher,
    rows: Tensor,
) -> Tensor:
    """Translation loss: |D(E_w(x_w)) - x_s| over the steps of both, or |D(h_w) - h_s|."""
    distance = l1_loss if distillation.distance == "l1" else mse_loss
    if distillation.to == "embedding":
        return distance(decoder(embedding), teacher.embedding[rows])
    both = own.at(rows).counts & teacher.features.at(rows).counts
    return distance(decoder(states[both]), teacher.features.x[rows][both])


def _paired(problem: Problem, teacher: Teacher, pairs: Pairs, rows: np.ndarray) -> Teacher:
    """The teacher's outputs in the order of `pairs`: true, shuffled, or shuffled within class."""
    if pairs == "true":
        return teacher
    rng = generator(problem.seed, "pairs", pairs)
    order = np.arange(len(teacher.present))
    paired = rows[teacher.present.numpy()[rows]]
    if pairs == "shuffled":
        order[paired] = rng.permutation(paired)
    else:
        labels = problem.parts.train.targets[paired]
        for label in np.unique(labels):
            same = paired[labels == label]
            order[same] = rng.permutation(same)
    whose = torch.from_numpy(order)
    return Teacher(teacher.features.at(whose), teacher.embedding[whose], teacher.present)
