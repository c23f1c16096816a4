"""CDaT's second stage: ConfidNet learns how good a prediction is from z, without a mask and with
each stream masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from sklearn.model_selection import GroupKFold
from torch import Tensor

from edge.errors import DataError
from train import checkpoint
from train.loop import Training, fit
from train.losses import confidence_loss, ranking_loss, true_confidence
from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT
from train.stages.cdat import fit_base
from train.stages.cdat_setting import WHOLE, Setting, fresh_confidnet, outputs_of
from train.stages.cdat_weights import present
from train.stages.tensors import TensorPart

MASKS = (WHOLE, *torch.split(WITHOUT, 1))
FOLDS = 5
"""Of the cross-fitted targets; fewer where there are fewer groups."""


class ConfidNetData(NamedTuple):
    """What ConfidNet learns from: z (N, 4, Z) and TCP (N, 4) under `MASKS`, and the streams that a
    sample has (N, 3). A TCP is NaN where it is not defined."""

    z: Tensor
    target: Tensor
    there: Tensor

    def at(self, rows: Tensor) -> ConfidNetData:
        """The samples at `rows`."""
        return ConfidNetData(self.z[rows], self.target[rows], self.there[rows])


def confide(setting: Setting, base: str = "base", name: str = "confidnet") -> dict[str, float]:
    """Stage 2, in `folder`/`name`: train ConfidNet on held-out groups under CDaT's masks, with
    fusion frozen and in eval mode; of the kind `confide.kind`.

    Raises:
        DataError: `cross_fitted` with less than two labelled groups.
    """
    config, splits = setting.config.confide, setting.splits
    model = setting.load(base)
    confidnet = fresh_confidnet(setting, model.z_size)
    learnt, val = (
        confidnet_data(setting, model, splits.held_out),
        confidnet_data(setting, model, splits.val),
    )
    if config.kind == "cross_fitted":
        parts = [learnt, *cross_fitted(setting, model)]
        learnt = ConfidNetData(*(torch.cat(pieces) for pieces in zip(*parts, strict=True)))
    elif config.kind == "in_sample":
        own = confidnet_data(setting, model, splits.fit)
        learnt = ConfidNetData(*(torch.cat(pieces) for pieces in zip(learnt, own, strict=True)))
    ranked = config.kind == "ranking"
    z, target = _rows(learnt)
    # Ranking needs all masks of a sample in one batch, which then holds as many rows.
    samples, size = (len(learnt.z), config.batch // 4) if ranked else (len(z), config.batch)

    def batches(rng: np.random.Generator) -> Iterator[Tensor]:
        order = torch.from_numpy(rng.permutation(samples))
        for rows in torch.split(order, max(2, size)):
            if len(rows) > 1:
                yield rows

    def loss(rows: Tensor) -> Tensor:
        if ranked:
            return _ranked_loss(confidnet, learnt.at(rows))
        return confidence_loss(confidnet(z[rows]), target[rows])

    def validate() -> dict[str, float]:
        if ranked:
            return {"score": -float(_ranked_loss(confidnet, val))}
        val_z, val_target = _rows(val)
        return {"score": -float(confidence_loss(confidnet(val_z), val_target))}

    training = Training("confidnet", confidnet, batches, loss, validate, "score", by_sample=True)
    _, facts = checkpoint.load(setting.folder / base / checkpoint.BEST)
    key = setting.key("confidnet", config.model_dump(), facts["key"])
    return fit(training, config.fit(len(z)), setting.seed, setting.folder / name, key)


def confidnet_data(setting: Setting, model: FusionModel, part: TensorPart) -> ConfidNetData:
    """A part's z and TCP under `MASKS`, by a model in eval mode."""
    task, scale = setting.splits.task, setting.splits.scale
    outs = [outputs_of(model, part, mask) for mask in MASKS]
    targets = [true_confidence(task, out.logits, part.targets, scale) for out in outs]
    z = torch.stack([out.z for out in outs], dim=1)
    return ConfidNetData(z, torch.stack(targets, dim=1), present(part))


def cross_fitted(setting: Setting, model: FusionModel) -> Iterator[ConfidNetData]:
    """The model's z of its own training samples, fold by fold of their groups, with the TCP that a
    model has which was trained on the other folds, in `folder`/folds."""
    part, splits = setting.splits.fit, setting.splits
    groups = len(np.unique(part.groups))
    if groups < 2:
        raise DataError(
            "confide.kind: cross_fitted needs two labelled groups to train on: raise labelled_share"
            " or take tcp."
        )
    folds = GroupKFold(min(FOLDS, groups)).split(part.groups, groups=part.groups)
    for number, (kept, apart) in enumerate(folds):
        own, unseen = part.at(torch.from_numpy(kept)), part.at(torch.from_numpy(apart))
        folder = setting.folder / "folds" / str(number)
        fold = replace(setting, splits=replace(splits, fit=own), folder=folder)
        fit_base(fold, "base", setting.config.fit.epochs)
        target = confidnet_data(fold, fold.load("base"), unseen).target
        yield confidnet_data(setting, model, unseen)._replace(target=target)


def _rows(data: ConfidNetData) -> tuple[Tensor, Tensor]:
    """z (R, Z) and TCP (R,) of all samples under one mask after the other, where it is defined."""
    z, target = data.z.transpose(0, 1).flatten(0, 1), data.target.T.flatten()
    known = ~torch.isnan(target)
    return z[known], target[known]


def _ranked_loss(confidnet: ConfidNet, data: ConfidNetData) -> Tensor:
    """The squared error under all masks, and the order of those that leave a stream out."""
    predicted = confidnet(data.z.flatten(0, 1)).reshape(data.target.shape)
    known = ~torch.isnan(data.target)
    order = ranking_loss(predicted[:, 1:], data.target[:, 1:], data.there)
    return confidence_loss(predicted[known], data.target[known]) + order
