"""CDaT's first and third stage: train the fusion model, and transfer. The second is `confide`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from train import checkpoint
from train.loop import Training, fit
from train.losses import own_loss, task_loss, transfer_loss
from train.models.fusion import FusionModel
from train.stages.cdat_setting import WHOLE, Setting, outputs_of, scored
from train.stages.cdat_weights import Weights, weights_of
from train.stages.tensors import TensorPart, TensorSplits
from train.task import Task


def fit_base(setting: Setting, name: str, epochs: int, dropout: float = 0.0) -> dict[str, float]:
    """Stage 1, in `folder`/`name`: the plain fusion model on the labelled samples; `dropout` is the
    chance to mask a stream in training."""
    model, splits = setting.model(), setting.splits
    samples = _training_samples(splits)

    def loss(batch: tuple[TensorPart, Tensor]) -> Tensor:
        return base_loss(splits.task, model, *batch)

    def batches(rng: np.random.Generator) -> Iterator[tuple[TensorPart, Tensor]]:
        for rows, labelled in _rows(len(splits.fit), samples, setting.config.fit.batch, rng):
            part = splits.fit.at(rows[:labelled])
            yield part, _modality_dropout(len(part), dropout, rng)

    training = Training(
        name, model, batches, loss, _validation(splits, model), "score", by_sample=model.by_sample
    )
    section = setting.config.fit.model_copy(update={"epochs": epochs}).fit(samples)
    key = setting.key(name, section.model_dump(), dropout)
    return fit(training, section, setting.seed, setting.folder / name, key)


def base_loss(task: Task, model: FusionModel, part: TensorPart, mask: Tensor) -> Tensor:
    """L_base of a batch whose streams are masked by `mask` (B, 3)."""
    out = model(*part.streams, mask)
    return task_loss(task, out.logits, part.targets) + own_loss(out.parts)


def transferring_loss(
    task: Task,
    model: FusionModel,
    part: TensorPart,
    labelled: int,
    weights: Tensor,
    lambda_: float,
    origin: float = 0.0,
) -> Tensor:
    """L_base of the first `labelled` samples of a batch, plus lambda L_PKT of all.

    Args:
        weights: (B, 3, 3), as of `weights_of`.
        origin: of the vectors that are compared.
    """
    out = model(*part.streams, WHOLE.expand(len(part), 3))
    answers = task_loss(task, out.logits[:labelled], part.targets[:labelled])
    moved = transfer_loss(out.hidden - origin, weights)
    return answers + own_loss(out.parts) + lambda_ * moved


def transfer(
    setting: Setting, name: str, kind: Weights, lambda_: float, base: str = "base"
) -> dict[str, float]:
    """Stage 3, in `folder`/`name`: train with L_base + lambda L_PKT. L_base is that of the labelled
    samples, L_PKT that of all.

    The model continues from the base's best epoch, and its own confidences decide who learns. With
    `when: start` it is a new model, and the base judges: the new model's z means nothing to
    ConfidNet.
    """
    config, splits = setting.config, setting.splits
    every, samples = splits.fit.join(splits.unlabelled), _training_samples(splits)
    judge = setting.load(base)
    confidnet = setting.load_confidnet(judge.z_size)
    from_start = config.transfer.when == "start"
    model = setting.model() if from_start else judge

    def weights(rows: Tensor | None) -> Tensor:
        part = every if rows is None else every.at(rows)
        return weights_of(kind, splits.task, splits.scale, judge, confidnet, part)

    fixed = weights(None) if from_start or kind == "constant" else None

    def loss(batch: tuple[Tensor, int, np.random.Generator]) -> Tensor:
        rows, labelled, rng = batch
        part = every.at(rows)
        now = weights(rows) if fixed is None else fixed[rows]
        if kind == "shuffled":
            now = now[torch.from_numpy(rng.permutation(len(now)))]
        origin = config.transfer.origin
        return transferring_loss(splits.task, model, part, labelled, now, lambda_, origin)

    section = config.transfer.fit(samples)
    if from_start:
        whole = config.fit.epochs + config.transfer.epochs
        section = config.fit.model_copy(update={"epochs": whole}).fit(samples)

    def batches(rng: np.random.Generator) -> Iterator[tuple[Tensor, int, np.random.Generator]]:
        for rows, labelled in _rows(len(splits.fit), samples, section.batch, rng):
            yield rows, labelled, rng

    # Every variant gets the same batches in the same order; only the transfer weights differ.
    training = Training("transfer", model, batches, loss, _validation(splits, model), "score")
    settings: list[Any] = [config.transfer.model_dump(exclude={"lambda_", "when"})]
    settings += ["start", config.fit.model_dump()] if from_start else []
    made_from = [
        (facts["key"], facts["epoch"])
        for stage in (base, "confidnet")
        for _, facts in [checkpoint.load(setting.folder / stage / checkpoint.BEST)]
    ]
    key = setting.key("transfer", *settings, kind, lambda_, made_from)
    return fit(training, section, setting.seed, setting.folder / name, key)


def _training_samples(splits: TensorSplits) -> int:
    return len(splits.fit) + (0 if splits.unlabelled is None else len(splits.unlabelled))


def _rows(
    labelled: int, samples: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[Tensor, int]]:
    """One epoch's batches, as rows of the labelled samples followed by the unlabelled ones; in each
    batch the labelled rows come first, and their number is given.

    An epoch has the batches of a pass over all samples, however few are labelled: the unlabelled
    rows once, and up to `size` labelled ones in each batch, again and again.
    """
    if labelled == samples:
        for rows in torch.split(torch.from_numpy(rng.permutation(samples)), size):
            if len(rows) > 1:
                yield rows, len(rows)
        return
    steps, own = math.ceil(samples / size), min(size, labelled)
    again = np.concatenate(
        [rng.permutation(labelled) for _ in range(math.ceil(steps * own / labelled))]
    )
    others = np.array_split(labelled + rng.permutation(samples - labelled), steps)
    for step in range(steps):
        mine = again[step * own : (step + 1) * own]
        yield torch.from_numpy(np.concatenate([mine, others[step]])), own


def _modality_dropout(count: int, chance: float, rng: np.random.Generator) -> Tensor:
    """Random masks (count, 3); every sample keeps at least one stream."""
    kept = rng.random((count, 3)) >= chance
    none = ~kept.any(axis=1)
    kept[none, rng.integers(0, 3, int(none.sum()))] = True
    return torch.from_numpy(kept.astype(np.float32))


def _validation(splits: TensorSplits, model: FusionModel) -> Callable[[], dict[str, float]]:
    def validate() -> dict[str, float]:
        return scored(splits.task, outputs_of(model, splits.val).logits, splits.val.targets)

    return validate
