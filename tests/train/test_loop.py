"""The trainer: a run that is killed and resumed gives the same weights as one that was not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from train import checkpoint
from train.config import Fit
from train.loop import Training, fit

FIT = Fit(epochs=4, samples=64, batch=16, learning_rate=0.01)


class Killed(Exception):
    """Simulates a kill: no code runs after it."""


def _training(kill_at_step: int | None = None) -> tuple[Training, nn.Module]:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
    )
    held = torch.randn(32, 4, generator=torch.Generator().manual_seed(9))
    steps = 0

    def batches(rng: np.random.Generator):
        nonlocal steps
        for _ in range(4):
            if steps == kill_at_step:
                raise Killed
            steps += 1
            yield torch.from_numpy(rng.normal(size=(16, 4)).astype(np.float32))

    def loss(x):
        return ((model(x)[:, 0] - x.sum(dim=1)) ** 2).mean()

    def validate():
        return {"score": -float(((model(held)[:, 0] - held.sum(dim=1)) ** 2).mean())}

    return Training("toy", model, batches, loss, validate, "score"), model


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("step", [0, 3, 4, 9, 15])
def test_a_run_killed_at_any_step_resumes_with_the_same_weights(
    tmp_path: Path, step: int, average: float
):
    config = FIT.model_copy(update={"average": average})
    training, whole = _training()
    metrics = fit(training, config, seed=1, folder=tmp_path / "whole", key="k")
    training, _ = _training(kill_at_step=step)
    with pytest.raises(Killed):
        fit(training, config, seed=1, folder=tmp_path / "cut", key="k")
    training, again = _training()
    assert fit(training, config, seed=1, folder=tmp_path / "cut", key="k") == metrics
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_the_averaged_weights_are_kept(tmp_path: Path):
    training, last = _training()
    plain = fit(training, FIT, seed=1, folder=tmp_path / "plain", key="k")
    training, averaged = _training()
    config = FIT.model_copy(update={"average": 0.9})
    assert fit(training, config, seed=1, folder=tmp_path / "averaged", key="k") != plain
    assert all(torch.isfinite(value).all() for value in averaged.state_dict().values())
    assert not torch.equal(last.state_dict()["0.weight"], averaged.state_dict()["0.weight"])


def test_another_seed_gives_other_weights(tmp_path: Path):
    training, one = _training()
    fit(training, FIT, seed=1, folder=tmp_path / "one", key="k")
    training, two = _training()
    fit(training, FIT, seed=2, folder=tmp_path / "two", key="k")
    assert not torch.equal(one[0].weight, two[0].weight)


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path: Path):
    training, _ = _training()
    fit(training, FIT, seed=1, folder=tmp_path, key="k")
    training, _ = _training(kill_at_step=0)
    with pytest.raises(Killed):
        fit(training, FIT, seed=1, folder=tmp_path, key="other")


def test_the_best_epoch_is_kept(tmp_path: Path):
    training, model = _training()
    scores = iter([0.1, 0.9, 0.3, 0.2])
    weights = []

    def validate():
        weights.append(model[0].weight.detach().clone())
        return {"score": next(scores)}

    training = Training("toy", model, training.batches, training.loss, validate, "score")
    assert fit(training, FIT, seed=1, folder=tmp_path, key="k") == {"score": 0.9}
    assert torch.equal(model[0].weight, weights[1])


def test_no_epoch_keeps_the_weights_with_which_it_begins(tmp_path: Path):
    training, model = _training(kill_at_step=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    metrics = fit(training, FIT.model_copy(update={"epochs": 0}), 1, tmp_path, "k")
    kept, facts = checkpoint.load(tmp_path / checkpoint.BEST)
    assert facts["metrics"] == metrics == training.validate() and facts["epoch"] == 0
    assert all(torch.equal(kept[name], tensor) for name, tensor in before.items())


def test_a_training_after_one_of_no_epoch_is_not_taken_for_complete(tmp_path: Path):
    training, model = _training()
    trained = fit(training, FIT, 1, tmp_path, "long")
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fit(_training()[0], FIT.model_copy(update={"epochs": 0}), 1, tmp_path, "none")
    again, model = _training()
    assert fit(again, FIT, 1, tmp_path, "long") == trained
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


def test_the_weights_of_no_epoch_are_made_once(tmp_path: Path):
    begun = []
    none = FIT.model_copy(update={"epochs": 0})
    for _ in range(2):
        training, _ = _training(kill_at_step=0)
        fit(replace(training, begin=lambda: begun.append(1)), none, 1, tmp_path, "k")
    assert begun == [1]
