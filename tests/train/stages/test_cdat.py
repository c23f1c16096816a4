"""Every model, stage and task of CDaT, and runs that are killed and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from fixtures.toys import toy

from edge.errors import DataError
from train import checkpoint
from train.config import validated_as
from train.models.fusion import MODELS
from train.stages import cdat as stages
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting, outputs_of
from train.stages.confide import confide
from train.stages.tensors import tensor_splits
from train.studies.cdat.compare import VARIANTS, compare
from train.studies.cdat.masks import mask_metrics

RAW = {
    "name": "toy",
    "corpus": "toy",
    "val_share": 0.25,
    "held_out_share": 0.25,
    "model": {"hidden": 8, "dropout": 0.1},
    "fit": {"epochs": 2, "batch": 16, "learning_rate": 0.02},
    "confide": {"epochs": 2, "batch": 16, "learning_rate": 0.01, "width": 8},
    "transfer": {"epochs": 2, "batch": 16, "learning_rate": 0.005, "lambda": 1.0},
}


def config(kind: str = "early") -> CdatConfig:
    raw = RAW | {"model": {"hidden": 8, "dropout": 0.1, "kind": kind}}
    return validated_as(CdatConfig, raw, "toy")


def setting(folder: Path, kind: str = "early", task="classes", streams=("text", "audio", "vision")):
    own = config(kind)
    return Setting(own, tensor_splits(toy(task, streams), 0.25, 0.25, 1), 1, folder)


@pytest.mark.parametrize("task", ["classes", "labels", "regression"])
@pytest.mark.parametrize("kind", MODELS)
def test_every_model_runs_every_stage(tmp_path: Path, kind: str, task: str):
    one = setting(tmp_path, kind, task)
    first = fit_base(one, "base", 4)
    confide(one)
    transfer(one, "cdat", "cdat", 1.0)
    model = one.load("cdat")
    out = outputs_of(model, one.splits.test)
    assert torch.isfinite(out.logits).all() and out.logits.shape == (40, 3)
    assert all(value == value for value in first.values())
    metrics = mask_metrics(one.splits, model)
    assert 0 <= metrics["right_without_any"] <= 1


@pytest.mark.parametrize("kind", MODELS)
def test_two_streams_run_as_three_with_one_absent(tmp_path: Path, kind: str):
    one = setting(tmp_path, kind, streams=("audio", "vision"))
    fit_base(one, "base", 2)
    confide(one)
    transfer(one, "cdat", "cdat", 1.0)
    model = one.load("cdat")
    kept = outputs_of(model, one.splits.test).logits
    without_text = outputs_of(model, one.splits.test, torch.tensor([[0.0, 1, 1]])).logits
    assert torch.allclose(kept, without_text, atol=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_masking_a_stream_changes_the_prediction_and_transfer_trains_the_encoders(
    tmp_path, kind: str
):
    one = setting(tmp_path, kind)
    fit_base(one, "base", 2)
    model = one.load("base")
    whole = outputs_of(model, one.splits.test)
    for mask in torch.split(1 - torch.eye(3), 1):
        assert not torch.allclose(whole.logits, outputs_of(model, one.splits.test, mask).logits)
    confide(one)
    transfer(one, "none", "none", 100.0)
    transfer(one, "cdat", "cdat", 100.0)
    moved, still = one.load("cdat"), one.load("none")
    apart = [
        not torch.equal(a, b)
        for a, b in zip(moved.encoders.parameters(), still.encoders.parameters(), strict=True)
    ]
    assert any(apart)


def test_the_same_seed_gives_the_same_metrics_also_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = setting(tmp_path / "whole")
    metrics = fit_base(whole, "base", 4)
    confide(whole)
    after = transfer(whole, "cdat", "cdat", 1.0)
    cut = setting(tmp_path / "cut")
    calls = 0
    plain = stages.transfer_loss

    def killed(*args):
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return plain(*args)

    assert fit_base(cut, "base", 4) == metrics
    confide(cut)
    monkeypatch.setattr(stages, "transfer_loss", killed)
    with pytest.raises(KeyboardInterrupt):
        transfer(cut, "cdat", "cdat", 1.0)
    assert transfer(cut, "cdat", "cdat", 1.0) == after
    for a, b in zip(whole.load("cdat").parameters(), cut.load("cdat").parameters(), strict=True):
        assert torch.equal(a, b)


def test_no_group_is_in_two_splits(tmp_path: Path):
    parts = setting(tmp_path).splits
    names = [set(p.groups) for p in (parts.fit, parts.held_out, parts.val, parts.test)]
    assert sum(map(len, names)) == len(set.union(*names))


@pytest.mark.slow
def test_a_comparison_runs_once_and_resumes(tmp_path: Path):
    corpus = toy("classes")
    first = compare(config(), corpus, ["early"], 1, tmp_path)
    (run,) = first["early"]["runs"]
    assert set(run["variants"]) == set(VARIANTS)
    assert run["confidence_quality"]["confidnet"]["deviation"] > 0
    written = (tmp_path / "early" / "seed1" / "runs.json").stat().st_mtime_ns
    again = compare(config(), corpus, ["early"], 1, tmp_path)
    assert again == first
    assert (tmp_path / "early" / "seed1" / "runs.json").stat().st_mtime_ns == written


def test_a_checkpoint_of_another_model_is_an_error_of_one_sentence(tmp_path: Path):
    fit_base(setting(tmp_path, "early"), "base", 1)
    with pytest.raises(DataError, match=r"best\.safetensors"):
        setting(tmp_path, "misa").load("base")


def test_a_checkpoint_of_another_seed_or_of_other_data_is_refused(tmp_path: Path):
    one = setting(tmp_path)
    fit_base(one, "base", 1)
    one.load("base")
    other_seed = Setting(one.config, one.splits, 2, tmp_path)
    with pytest.raises(DataError, match="another seed, data folder or configuration"):
        other_seed.load("base")
    one.splits.test.streams[0].x[0] += 1.0
    with pytest.raises(DataError, match="another seed, data folder or configuration"):
        confide(Setting(one.config, one.splits, 1, tmp_path))


def test_new_confidences_give_new_transfer_weights(tmp_path: Path):
    one = setting(tmp_path)
    fit_base(one, "base", 1)
    confide(one)
    transfer(one, "cdat", "cdat", 1.0)
    _, before = checkpoint.load(tmp_path / "cdat" / checkpoint.BEST)
    longer = one.config.confide.model_copy(update={"epochs": 3, "learning_rate": 0.05})
    again = Setting(one.config.model_copy(update={"confide": longer}), one.splits, 1, tmp_path)
    confide(again)
    transfer(again, "cdat", "cdat", 1.0)
    _, after = checkpoint.load(tmp_path / "cdat" / checkpoint.BEST)
    assert before["key"] != after["key"]
