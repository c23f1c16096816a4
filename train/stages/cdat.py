"""CDaT's three stages: train the fusion model, train ConfidNet on its z, transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from train import checkpoint
from train.loop import Training, fit
from train.losses import confidence_loss, own_loss, task_loss, transfer_loss, true_confidence
from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT, confidence_without, transfer_weights
from train.stages.cdat_setting import WHOLE, Setting, fresh_confidnet, outputs_of, scored
from train.stages.tensors import TensorPart, TensorSplits

Weights = Literal["none", "constant", "shuffled", "cdat"]
"""Transfer weights: none, constant (the mean of CDaT's weights), CDaT's weights of another sample,
CDaT's weights."""


def fit_base(setting: Setting, name: str, epochs: int, dropout: float = 0.0) -> dict[str, float]:
    """Stage 1, in `folder`/`name`: the plain fusion model; `dropout` is the chance to mask a
    stream in training."""
    model, splits = setting.model(), setting.splits

    def loss(batch: tuple[TensorPart, Tensor]) -> Tensor:
        part, mask = batch
        out = model(*part.streams, mask)
        return task_loss(splits.task, out.logits, part.targets) + own_loss(out.parts)

    def batches(rng: np.random.Generator) -> Iterator[tuple[TensorPart, Tensor]]:
        for part in _shuffled(splits.fit, setting.config.fit.batch, rng):
            yield part, _modality_dropout(len(part), dropout, rng)

    training = Training(name, model, batches, loss, _validation(splits, model), "score")
    section = setting.config.fit.model_copy(update={"epochs": epochs}).fit(len(splits.fit))
    key = setting.key(name, section.model_dump(), dropout)
    return fit(training, section, setting.seed, setting.folder / name, key)


def confide(setting: Setting, base: str = "base") -> dict[str, float]:
    """Stage 2, in `folder`/confidnet: train ConfidNet on held-out groups under CDaT's masks, with
    fusion frozen and in eval mode."""
    config, splits = setting.config, setting.splits
    model = setting.load(base)
    confidnet = fresh_confidnet(setting, model.z_size)
    z, target = _confidence_data(setting, model, splits.held_out)
    val_z, val_target = _confidence_data(setting, model, splits.val)

    def batches(rng: np.random.Generator) -> Iterator[Tensor]:
        order = torch.from_numpy(rng.permutation(len(z)))
        for rows in torch.split(order, config.confide.batch):
            if len(rows) > 1:
                yield rows

    def loss(rows: Tensor) -> Tensor:
        return confidence_loss(confidnet(z[rows]), target[rows])

    def validate() -> dict[str, float]:
        return {"score": -float(confidence_loss(confidnet(val_z), val_target))}

    training = Training("confidnet", confidnet, batches, loss, validate, "score")
    section = config.confide.fit(len(z))
    _, facts = checkpoint.load(setting.folder / base / checkpoint.BEST)
    key = setting.key("confidnet", config.confide.model_dump(), facts["key"])
    return fit(training, section, setting.seed, setting.folder / "confidnet", key)


def transfer(
    setting: Setting, name: str, kind: Weights, lambda_: float, base: str = "base"
) -> dict[str, float]:
    """Stage 3, in `folder`/`name`: continue from the base's best epoch with L_base + lambda
    L_PKT."""
    config, splits = setting.config, setting.splits
    model = setting.load(base)
    confidnet = setting.load_confidnet(model.z_size)
    constant = _mean_weights(model, confidnet, splits.fit) if kind == "constant" else None

    def loss(batch: tuple[TensorPart, np.random.Generator]) -> Tensor:
        part, rng = batch
        present = _present(part)
        weights = torch.zeros(len(part), 3, 3)
        if constant is not None:
            weights = constant * present[:, :, None] * present[:, None, :]
        elif kind != "none":
            model.eval()
            with torch.no_grad():
                hidden = model.encode(part.streams)
            weights = transfer_weights(
                confidence_without(model, confidnet, hidden, present), present
            )
            model.train()
            if kind == "shuffled":
                weights = weights[torch.from_numpy(rng.permutation(len(weights)))]
        out = model(*part.streams, WHOLE.expand(len(part), 3))
        base_loss = task_loss(splits.task, out.logits, part.targets) + own_loss(out.parts)
        return base_loss + lambda_ * transfer_loss(out.hidden, weights)

    def batches(rng: np.random.Generator) -> Iterator[tuple[TensorPart, np.random.Generator]]:
        for part in _shuffled(splits.fit, config.transfer.batch, rng):
            yield part, rng

    # Every variant gets the same batches in the same order; only the transfer weights differ.
    training = Training("transfer", model, batches, loss, _validation(splits, model), "score")
    settings = config.transfer.model_dump(exclude={"lambda_"})
    section = config.transfer.fit(len(splits.fit))
    made_from = [
        (facts["key"], facts["epoch"])
        for stage in (base, "confidnet")
        for _, facts in [checkpoint.load(setting.folder / stage / checkpoint.BEST)]
    ]
    key = setting.key("transfer", settings, kind, lambda_, made_from)
    return fit(training, section, setting.seed, setting.folder / name, key)


def _confidence_data(
    setting: Setting, model: FusionModel, split: TensorPart
) -> tuple[Tensor, Tensor]:
    """z and true confidence of a split without a mask and under each leave-one-out mask."""
    zs, targets = [], []
    for mask in (WHOLE, *torch.split(WITHOUT, 1)):
        out = outputs_of(model, split, mask)
        zs.append(out.z)
        targets.append(
            true_confidence(setting.splits.task, out.logits, split.targets, setting.splits.scale)
        )
    z, target = torch.cat(zs), torch.cat(targets)
    known = ~torch.isnan(target)
    return z[known], target[known]


def _mean_weights(model: FusionModel, confidnet: ConfidNet, split: TensorPart) -> Tensor:
    """Mean of CDaT's weights over all samples and ordered pairs of streams. With it the constant
    variant has the same total transfer, independent of sample and direction."""
    present = _present(split)
    model.eval()
    with torch.no_grad():
        hidden = model.encode(split.streams)
    weights = transfer_weights(confidence_without(model, confidnet, hidden, present), present)
    pairs = present[:, :, None] * present[:, None, :] * (1.0 - torch.eye(3))
    return weights.sum() / pairs.sum().clamp(min=1.0)


def _present(split: TensorPart) -> Tensor:
    return torch.stack([s.present for s in split.streams], dim=1).float()


def _shuffled(split: TensorPart, size: int, rng: np.random.Generator) -> Iterator[TensorPart]:
    order = torch.from_numpy(rng.permutation(len(split)))
    for rows in torch.split(order, size):
        if len(rows) > 1:
            yield split.at(rows)


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
