"""MISA's shared vectors all point the same way; an origin gives the transfer something to move."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from fixtures.toys import toy

from train.models.fusion import MODELS
from train.stages.cdat import transferring_loss
from train.stages.cdat_config import Transfer
from train.stages.tensors import tensor_splits
from train.studies.factorial.treatment import row_divergence


def test_misa_has_a_treatment_only_with_an_origin() -> None:
    part = tensor_splits(toy("classes"), 0.25, 0.25, 1).test
    torch.manual_seed(0)
    model = MODELS["misa"]((3, 3, 3), 3, 8, 0.0)
    plain = row_divergence(model, part)
    assert plain < 1e-3
    assert row_divergence(model, part, 0.5) > 20 * plain


def test_the_origin_reaches_the_loss_and_nothing_else() -> None:
    part = tensor_splits(toy("classes"), 0.25, 0.25, 1).test
    torch.manual_seed(0)
    model = MODELS["misa"]((3, 3, 3), 3, 8, 0.0).eval()
    weights = torch.ones(len(part), 3, 3)
    plain, moved = (
        transferring_loss("classes", model, part, len(part), weights, 1.0, origin).item()
        for origin in (0.0, 0.5)
    )
    untreated = transferring_loss("classes", model, part, len(part), weights, 0.0, 0.5).item()
    assert moved > plain + 0.01
    assert plain == pytest.approx(untreated, abs=1e-2)


def test_runs_made_before_there_was_an_origin_keep_their_keys() -> None:
    assert "origin" not in Transfer(epochs=1).model_dump(exclude={"lambda_"})
    assert Transfer(epochs=1, origin=0.5).model_dump(exclude={"lambda_"})["origin"] == 0.5
