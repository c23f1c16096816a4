"""What fusion and confidence are trained to answer: one label, several, or a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.corpora.labels import LABELS
from train.losses import soft_cross_entropy, task_loss, true_confidence
from train.metrics import accuracy, task_metrics
from train.stages.soft_targets import one_hot
from train.task import PRIMARY_METRIC, Task

SMOOTHING = 0.05
"""Of one label."""
CHANGED = 0.1
"""A number is another answer from so many deviations of the training's numbers on."""


@dataclass(frozen=True)
class Targets:
    """The task of a run, and the target that each number in `ComposedWindows.label` stands for.

    Attributes:
        labels: Names of the outputs; the number's name for a regression.
        table: (K, C), float32: a row for each number. Labels: 0 or 1; regression: standard scores.
            None for classes, whose numbers are places in `labels`.
    """

    task: Task = "classes"
    labels: tuple[str, ...] = LABELS
    table: NDArray[np.float32] | None = None

    def of(self, label: NDArray[np.int64]) -> Tensor:
        """int64 (n,) for classes, else float32 (n, C)."""
        return torch.from_numpy(np.asarray(label if self.table is None else self.table[label]))

    def loss(self, logits: Tensor, label: NDArray[np.int64]) -> Tensor:
        """Cross-entropy with smoothed labels, binary cross-entropy, or squared error."""
        if self.task == "classes":
            target = torch.from_numpy(one_hot(label, logits.shape[1], SMOOTHING))
            return soft_cross_entropy(logits, target)
        return task_loss(self.task, logits, self.of(label))

    def answers(self, logits: Tensor) -> Tensor:
        """Probabilities of classes or of labels, or standard scores; the last dimension is C."""
        if self.task == "classes":
            return torch.softmax(logits, dim=-1)
        return torch.sigmoid(logits) if self.task == "labels" else logits

    def largest(self, answers: Tensor) -> Tensor | None:
        """The largest probability of `answers` (..., C), (...); None where the classes do not
        compete."""
        return answers.amax(dim=-1) if self.task == "classes" else None

    def score(self, logits: Tensor, label: NDArray[np.int64]) -> float:
        """Accuracy, micro-F1 or CCC of (n, C): by which epochs are chosen."""
        if self.task == "classes":
            return accuracy(label, logits.argmax(dim=1).numpy())
        return task_metrics(self.task, logits, self.of(label))[PRIMARY_METRIC[self.task]]

    def confidence(self, logits: Tensor, label: NDArray[np.int64]) -> NDArray[np.float32]:
        """ConfidNet's target of every mask: (n, M, C) to (n, M)."""
        masks = [
            true_confidence(self.task, one, self.of(label), 1.0) for one in logits.unbind(dim=1)
        ]
        return np.asarray(torch.stack(masks, dim=1).numpy(), np.float32)

    def right(self, answers: NDArray[np.float32], label: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether answers (n, C) are right, (n,): the class; all labels, at one half; a number
        within one standard deviation of the training's targets."""
        if self.task == "classes":
            return np.asarray(answers.argmax(axis=1) == label)
        true = self.of(label).numpy()
        if self.task == "labels":
            return np.asarray(((answers > 0.5) == (true > 0.5)).all(axis=1))
        return np.asarray((np.abs(answers - true) <= 1.0).all(axis=1))

    def changed(
        self, was: NDArray[np.float32], now: NDArray[np.float32], scale: float = 1.0
    ) -> NDArray[np.bool_]:
        """Whether answers (n, C) have become others, (n,): another class; any other label, at one
        half; a number by more than `CHANGED`.

        Args:
            scale: Standard deviation of the training's numbers, where answers are no scores.
        """
        if self.task == "classes":
            return np.asarray(was.argmax(axis=1) != now.argmax(axis=1))
        if self.task == "labels":
            return np.asarray(((was > 0.5) != (now > 0.5)).any(axis=1))
        return np.asarray((np.abs(was - now) > CHANGED * scale).any(axis=1))

    def chance(self, label: NDArray[np.int64]) -> float:
        """The confidence of a constant answer: equal classes, each label's share, or the mean
        number."""
        if self.task == "classes":
            return 1 / len(self.labels)
        targets = self.of(label)
        same = targets.mean(dim=0, keepdim=True).expand_as(targets)
        logits = torch.logit(same, eps=1e-6) if self.task == "labels" else same
        return float(true_confidence(self.task, logits, targets, 1.0).nanmean())
