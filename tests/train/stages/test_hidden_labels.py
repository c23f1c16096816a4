"""Training with samples whose labels are hidden, and transfer from the first epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from fixtures.toys import toy
from torch import Tensor

from edge.errors import DataError
from train.config import validated_as
from train.corpora.splits import hide
from train.losses import task_loss, transfer_loss
from train.stages import cdat as stages
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting
from train.stages.cdat_weights import Weights, oracle_weights, weights_of
from train.stages.confide import confide
from train.stages.tensors import TensorPart, tensor_splits
from train.task import Task


def setting(folder: Path, when: str = "third", share: float = 0.3, wrong: bool = False) -> Setting:
    """A toy of which `share` keeps its labels; `wrong`: the hidden ones are all changed."""
    raw = {
        "name": "toy",
        "corpus": "toy",
        "labelled_share": share,
        "model": {"kind": "early", "hidden": 8, "dropout": 0.1},
        "fit": {"epochs": 2, "batch": 16, "learning_rate": 0.02},
        "confide": {"epochs": 2, "batch": 16, "learning_rate": 0.01, "width": 8},
        "transfer": {"epochs": 1, "batch": 16, "learning_rate": 0.005, "when": when},
    }
    parts = tensor_splits(toy("classes"), 0.25, 0.25, 1, share)
    if wrong and parts.unlabelled is not None:
        hidden = parts.unlabelled
        changed = TensorPart(hidden.streams, (hidden.targets + 1) % 3, hidden.groups)
        parts = replace(parts, unlabelled=changed)
    return Setting(validated_as(CdatConfig, raw, "toy"), parts, 1, folder)


def weights_after(one: Setting, kind: Weights) -> Tensor:
    fit_base(one, "base", 2)
    confide(one)
    transfer(one, kind, kind, 5.0)
    return torch.cat([p.detach().flatten() for p in one.load(kind).parameters()])


@pytest.mark.parametrize("when", ["third", "start"])
def test_a_hidden_label_changes_nothing_and_a_hidden_sample_does(tmp_path: Path, when: str) -> None:
    as_is = weights_after(setting(tmp_path / "as_is", when), "cdat")
    changed = weights_after(setting(tmp_path / "changed", when, wrong=True), "cdat")
    assert torch.equal(as_is, changed)
    # The bound reads them, which shows that this test would see it.
    bound = weights_after(setting(tmp_path / "as_is", when), "true_tcp")
    wrong_bound = weights_after(setting(tmp_path / "changed", when, wrong=True), "true_tcp")
    assert not torch.equal(bound, wrong_bound)
    moved = setting(tmp_path / "moved", when)
    assert moved.splits.unlabelled is not None
    moved.splits.unlabelled.streams[0].x.add_(torch.randn(1, 2, 3))
    assert not torch.equal(as_is, weights_after(moved, "cdat"))


@pytest.mark.slow
def test_all_schedules_and_shares_have_equal_updates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    plain = task_loss

    def counted(task: Task, logits: Tensor, targets: Tensor) -> Tensor:
        counts[-1] += 1
        return plain(task, logits, targets)

    monkeypatch.setattr(stages, "task_loss", counted)
    for when in ("third", "start"):
        for share in (0.3, 1.0):
            one = setting(tmp_path / f"{when}{share}", when, share)
            counts.append(0)
            fit_base(one, "base", 2)
            confide(one)
            if when == "start":
                counts[-1] = 0
            transfer(one, "cdat", "cdat", 5.0)
    assert len(set(counts)) == 1 and counts[0] > 0


def test_shuffled_differs_from_cdat_only_in_which_sample_has_which_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {"cdat": [], "shuffled": []}
    for kind in ("cdat", "shuffled"):
        one = setting(tmp_path, "start")
        fit_base(one, "base", 2)
        confide(one)

        def kept(hidden: Tensor, weights: Tensor, kind: str = kind) -> Tensor:
            seen[kind].append((hidden.detach(), weights))
            return transfer_loss(hidden, weights)

        monkeypatch.setattr(stages, "transfer_loss", kept)
        transfer(one, kind, kind, 0.0)  # at lambda 0 both models are the same
    for (hidden, own), (same, others) in zip(seen["cdat"], seen["shuffled"], strict=True):
        assert torch.equal(hidden, same)
        assert not torch.equal(own, others)
        rows = sorted(own.flatten(1).tolist())
        assert rows == sorted(others.flatten(1).tolist())


def test_the_oracle_teaches_a_wrong_stream_by_a_right_one() -> None:
    right = torch.tensor([[True, False, False], [True, True, True], [True, False, True]])
    there = torch.tensor([[1.0, 1, 1], [1, 1, 1], [0, 1, 1]])
    found = oracle_weights(right, there)
    expected = torch.zeros(3, 3, 3)
    expected[0, 1, 0] = expected[0, 2, 0] = 1  # sound and face learn from text
    expected[2, 1, 2] = 1  # text is absent
    assert torch.equal(found, expected)


def test_weights_from_the_truth_leave_the_models_mode_as_it_was(tmp_path: Path) -> None:
    one = setting(tmp_path)
    fit_base(one, "base", 1)
    confide(one)
    model = one.load("base").train()
    confidnet = one.load_confidnet(model.z_size)
    for kind in ("cdat", "true_tcp", "oracle", "constant"):
        found = weights_of(kind, "classes", 1.0, model, confidnet, one.splits.fit)
        assert model.training and not found.requires_grad
        assert found.shape == (len(one.splits.fit), 3, 3) and float(found.sum()) > 0


@pytest.mark.parametrize("task", ["classes", "labels", "regression"])
@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75])
def test_labels_are_hidden_by_group(task: Task, share: float) -> None:
    corpus = toy(task)
    labelled, hidden = hide(corpus, corpus.parts["train"], share, 1)
    assert not set(labelled.groups) & set(hidden.groups)
    assert len(labelled) + len(hidden) == 120
    assert abs(len(np.unique(labelled.groups)) - max(1, 12 * share)) <= 1
    again, _ = hide(corpus, corpus.parts["train"], share, 1)
    assert again.ids.tolist() == labelled.ids.tolist()


def test_a_share_that_hides_nothing_is_an_error_of_one_sentence() -> None:
    corpus = toy("classes")
    with pytest.raises(DataError, match=r"labelled_share 0\.99 of 12 training groups"):
        hide(corpus, corpus.parts["train"], 0.99, 1)


def test_the_defaults_keep_the_keys_of_earlier_runs(tmp_path: Path) -> None:
    facts = setting(tmp_path, share=1.0).config.facts()
    assert "labelled_share" not in facts and "when" not in facts["transfer"]
    assert setting(tmp_path, "start").config.facts()["transfer"]["when"] == "start"
