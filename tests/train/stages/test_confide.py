"""The kinds of confidences: what they learn from, and that none takes another's weights."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from fixtures.toys import toy

from edge.errors import DataError
from train import checkpoint
from train.config import validated_as
from train.losses import ranking_loss
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting
from train.stages.confide import confide, confidnet_data, cross_fitted
from train.stages.tensors import tensor_splits
from train.task import Task

RAW: dict[str, Any] = {
    "name": "toy",
    "corpus": "toy",
    "model": {"kind": "early", "hidden": 8, "dropout": 0.0},
    "fit": {"epochs": 2, "batch": 16, "learning_rate": 0.02},
    "confide": {"epochs": 2, "batch": 16, "learning_rate": 0.01, "width": 8},
    "transfer": {"epochs": 1, "batch": 16, "learning_rate": 0.005, "lambda": 1.0},
}


def setting(folder: Path, kind: str = "tcp", task: Task = "classes") -> Setting:
    own = validated_as(CdatConfig, RAW | {"confide": RAW["confide"] | {"kind": kind}}, "toy")
    return Setting(own, tensor_splits(toy(task), 0.25, 0.25, 1), 1, folder)


@pytest.mark.parametrize("task", ["classes", "labels", "regression"])
@pytest.mark.parametrize("kind", ["ranking", "cross_fitted", "in_sample"])
def test_another_kind_takes_neither_confidences_nor_transfer_of_the_first(
    tmp_path: Path, kind: str, task: Task
) -> None:
    first, other = setting(tmp_path, "tcp", task), setting(tmp_path, kind, task)
    fit_base(first, "base", 2)
    made = []
    for one in (first, other, first):
        assert math.isfinite(confide(one)["score"])
        transfer(one, "cdat", "cdat", 1.0)
        made.append(
            [checkpoint.load(tmp_path / s / checkpoint.BEST) for s in ("confidnet", "cdat")]
        )
    for before, after, again in zip(*made, strict=True):
        assert before[1]["key"] != after[1]["key"]
        assert any(not torch.equal(x, after[0][name]) for name, x in before[0].items())
        assert before[1]["key"] == again[1]["key"]
        assert all(torch.equal(x, again[0][name]) for name, x in before[0].items())


def test_the_default_kind_is_in_no_key_so_that_earlier_runs_are_kept() -> None:
    assert "kind" not in setting(Path()).config.confide.model_dump()
    assert setting(Path(), "ranking").config.facts()["confide"]["kind"] == "ranking"


def test_the_ranking_loss_by_hand() -> None:
    there = torch.ones(1, 3)
    target = torch.tensor([[0.9, 0.1, 0.1]])
    # Two pairs with a gap of 0.8; sigmoid's logits are 2 apart in the right order.
    right = ranking_loss(torch.sigmoid(torch.tensor([[1.0, -1.0, -1.0]])), target, there)
    assert right.item() == pytest.approx(2 * 0.8 * math.log(1 + math.exp(-2)), rel=1e-5)
    wrong = ranking_loss(torch.sigmoid(torch.tensor([[-1.0, 1.0, 1.0]])), target, there)
    assert wrong.item() == pytest.approx(2 * 0.8 * math.log(1 + math.exp(2)), rel=1e-5)
    # The level is the squared error's business.
    level = ranking_loss(torch.sigmoid(torch.tensor([[3.0, 1.0, 1.0]])), target, there)
    assert level.item() == pytest.approx(right.item(), rel=1e-5)
    # Neither equal masks, nor absent streams, nor undefined targets count.
    none = torch.tensor([[0.0, 1.0, 1.0]])
    assert ranking_loss(torch.tensor([[0.9, 0.2, 0.6]]), target, none).item() == 0.0
    undefined = torch.full((1, 3), torch.nan)
    assert ranking_loss(torch.tensor([[0.9, 0.2, 0.6]]), undefined, there).item() == 0.0


def test_cross_fitted_targets_come_from_models_that_did_not_see_the_sample(
    tmp_path: Path,
) -> None:
    one = setting(tmp_path)
    # Labels without any meaning: a model that saw them remembers them, no other can know them.
    rng = torch.Generator().manual_seed(0)
    fit = one.splits.fit
    chance = torch.randint(0, 3, (len(fit),), generator=rng)
    epochs = one.config.fit.model_copy(update={"epochs": 25})
    one = Setting(
        one.config.model_copy(update={"fit": epochs}),
        replace(one.splits, fit=replace(fit, targets=chance), val=replace(fit, targets=chance)),
        1,
        tmp_path,
    )
    fit_base(one, "base", 25)
    model = one.load("base")
    remembered = confidnet_data(one, model, one.splits.fit)
    folds = list(cross_fitted(one, model))
    target = torch.cat([fold.target for fold in folds])
    assert target.shape == remembered.target.shape
    assert remembered.target[:, 0].mean() > 0.6 > 0.45 > target[:, 0].mean()
    # ConfidNet reads the z that it will judge: that of the model itself.
    z = torch.cat([fold.z for fold in folds])
    assert torch.allclose(z.sum(), remembered.z.sum(), rtol=1e-4)
    assert len(folds) == min(5, len(np.unique(fit.groups)))


def test_one_labelled_group_cannot_be_cross_fitted(tmp_path: Path) -> None:
    one = setting(tmp_path, "cross_fitted")
    first = np.unique(one.splits.fit.groups)[0]
    rows = torch.from_numpy(np.flatnonzero(one.splits.fit.groups == first))
    single = Setting(one.config, replace(one.splits, fit=one.splits.fit.at(rows)), 1, tmp_path)
    fit_base(single, "base", 1)
    with pytest.raises(DataError, match="two labelled groups"):
        confide(single)
