"""Each epoch leaves its numbers: in a file, for TensorBoard, as curves, and as time left."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import cv2
import torch
from torch import nn

from edge.errors import EdgeError
from train.commands.options import draw_curves, log_to, watch
from train.config import Fit
from train.curves import plot_curves
from train.epochs import read_metrics
from train.loop import Training, fit


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    yield
    log = logging.getLogger("train")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


def toy(folder: Path, stage: str, epochs: int) -> None:
    """Train a line through points."""
    model = nn.Linear(1, 1)
    points = torch.linspace(-1, 1, 16)[:, None]

    def loss(x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(((model(x) - 2 * x) ** 2).mean())

    training = Training(
        "toy", model, lambda rng: [points], loss, lambda: {"score": -float(loss(points))}, "score"
    )
    section = Fit(epochs=epochs, samples=16, batch=16, learning_rate=0.1)
    fit(training, section, 1, folder / stage, "key")


def test_every_epoch_is_a_line_by_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_to(tmp_path)
    toy(tmp_path, "base", 3)
    toy(tmp_path, "transfer", 2)
    found = read_metrics(tmp_path)
    assert {stage: [one["epoch"] for one in rows] for stage, rows in found.items()} == {
        "base": [1, 2, 3],
        "transfer": [1, 2],
    }
    losses = [one["loss"] for one in found["base"]]
    assert losses[0] > losses[-1] and found["base"][-1]["score"] == pytest.approx(-losses[-1], 1)
    told = capsys.readouterr().err
    assert "epoch 3 of 3" in told and "0 s left)" in told


def test_a_torn_line_and_an_epoch_twice_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(
        '{"stage": "base", "epoch": 1, "loss": 9, "score": 0}\n'
        '{"stage": "base", "epoch": 1, "loss": 3, "score": 0}\n'
        '{"stage": "ba'
    )
    assert [one["loss"] for one in read_metrics(tmp_path)["base"]] == [3]


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    assert plot_curves(tmp_path) is None
    log_to(tmp_path)
    toy(tmp_path, "base", 4)
    draw_curves(tmp_path)
    image = cv2.imread(str(tmp_path / "curves.png"))
    assert image is not None and float(np.std(image)) > 5


def test_tensorboard_reads_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard: install the extra `tensorboard`")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log_to(tmp_path)
    watch(tmp_path)
    toy(tmp_path, "base", 3)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [one.step for one in events.Scalars("base/loss")] == [1, 2, 3]
    expected = [one["score"] for one in read_metrics(tmp_path)["base"]]
    assert [one.value for one in events.Scalars("base/score")] == pytest.approx(expected)


def test_without_tensorboard_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(EdgeError, match="pip install 'cdat-edge"):
        watch(tmp_path)
