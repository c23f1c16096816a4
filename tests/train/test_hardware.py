"""Training on chosen hardware: what is refused, mixed precision, and several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

import torch
from fixtures import normed_training, toy_training
from fixtures.toy_training import use_toy, write_toy
from fixtures.toys import toy

from edge.errors import ConfigError
from edge.frontends import FrontEndParams
from train import checkpoint, hardware
from train.cli import main
from train.epochs import read_metrics
from train.live_config import load
from train.losses import soft_cross_entropy
from train.models.classifier import Classifier
from train.models.fusion import MODELS
from train.on_gpu import on_device
from train.search import scored_run
from train.shared_batch import part_of
from train.stages.cdat import base_loss
from train.stages.encoders import build
from train.stages.tensors import tensor_splits
from train.studies.cdat import command


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy corpus; what a test sets is set back."""
    monkeypatch.setattr(hardware, "_current", None)
    monkeypatch.setattr(hardware, "_precision", hardware.FULL)
    for module in (command, scored_run):
        monkeypatch.setattr(module, "open_corpus", vars(module)["open_corpus"])
    use_toy()


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--devices", "2"], "start it with torchrun --nproc-per-node 2 -m train"),
        (["--devices", "0"], "hardware.devices: must be greater than or equal to 1"),
        (["--precision", "8"], "must be '32-true', 'bf16-mixed' or '16-mixed', got 8"),
        (["--precision", "16-mixed"], "16-mixed needs a GPU: give bf16-mixed"),
        (["--accelerator", "tpu"], "hardware.accelerator: must be 'auto', 'cpu' or 'cuda'"),
        (["--accelerator", "cuda"], "cuda needs 1 GPU that torch can use, and there are none"),
    ],
)
def test_hardware_that_is_not_there_is_refused_in_a_sentence(
    options: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert call("fit", write_toy(tmp_path), "--out", tmp_path / "run", *options) == 1
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_another_number_of_processes_than_torchrun_started_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("TORCHELASTIC_RUN_ID", "x"), ("WORLD_SIZE", "2"), ("RANK", "0")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"devices is 3, but torchrun started 2 processes"):
        hardware.use("cpu", 3, "32-true", 10)


def test_mixed_precision_trains_and_does_not_resume_full_precision(tmp_path: Path) -> None:
    config = write_toy(tmp_path)
    assert call("all", config, "--out", tmp_path / "full") == 0
    assert call("all", config, "--out", tmp_path / "half", "--precision", "bf16-mixed") == 0
    full, half = (read_metrics(tmp_path / name)["base"][-1] for name in ("full", "half"))
    assert half["loss"] != full["loss"] and half["loss"] == pytest.approx(full["loss"], rel=0.05)
    keys = [
        checkpoint.load(tmp_path / name / "base" / checkpoint.LAST)[1]["key"]
        for name in ("full", "half")
    ]
    assert keys[1] == f"{keys[0]} bf16-mixed"


def test_a_batch_is_divided_only_equally() -> None:
    batch = torch.arange(6), torch.arange(12).reshape(6, 2)
    parts = [part_of(batch, rank, 3) for rank in range(3)]
    assert [part[0].tolist() for part in parts if part is not None] == [[0, 1], [2, 3], [4, 5]]
    assert part_of(batch, 0, 4) is None


@pytest.mark.parametrize("kind", MODELS)
def test_a_loss_is_computed_on_one_device_alone(kind: str) -> None:
    # The device "meta" has shapes and no numbers; an operation with a tensor from elsewhere fails.
    splits = tensor_splits(toy("classes"), 0.25, 0.25, 1)
    device = torch.device("meta")
    model = MODELS[kind](splits.dims, splits.outputs, 8, 0.1).to(device)
    part = splits.fit.at(torch.arange(8))
    with on_device(device):
        if kind in ("early", "tfn", "late"):
            assert base_loss("classes", model, part, torch.ones(8, 3)).device == device
        else:
            assert model(*part.streams, torch.ones(8, 3)).logits.device == device
    assert torch.ones(1).device.type == "cpu"


@pytest.mark.parametrize(
    ("stream", "shape"),
    [("vision", (4, 2, 1, 48, 48)), ("audio", (4, 3, 1, 100, 64)), ("text", (4, 1, 6, 3))],
)
def test_an_encoder_is_trained_on_one_device_alone(stream: str, shape: tuple[int, ...]) -> None:
    config = load(Path(__file__).parents[2] / "configs" / "train" / "default.yaml")
    kind = np.int64 if stream == "text" else np.float32
    model = Classifier(build(config, stream, FrontEndParams()), config.embedding_size, 7)
    model.to("meta").train()
    with on_device(torch.device("meta")):
        _, window = model(torch.from_numpy(np.zeros(shape, kind)))
        target = torch.from_numpy(np.full((4, 7), 1 / 7, np.float32))
        loss = soft_cross_entropy(window, target)
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is None or p.grad.device.type == "meta" for p in model.parameters())


def test_what_is_read_back_comes_from_the_device() -> None:
    with on_device(torch.device("meta")):
        assert torch.ones(2).device.type == "meta"
        with pytest.raises(NotImplementedError, match="no data"):
            torch.ones(2).numpy()


def torchrun(program: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    tests = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(program)]
        + [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}", "OMP_NUM_THREADS": "1", **more},
    )


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    program = Path(normed_training.__file__)
    alone = [sys.executable, str(program), str(tmp_path / "one"), "3"]
    tests = Path(__file__).parents[1]
    paths = {**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}"}
    subprocess.run(alone, check=True, env=paths, capture_output=True)
    done = torchrun(program, tmp_path / "two", 3)
    assert done.returncode == 0, done.stderr
    one, two = (read_metrics(tmp_path / name)["s"] for name in ("one", "two"))
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two, strict=True):
        assert theirs["loss"] == pytest.approx(mine["loss"], rel=1e-12)
        assert theirs["score"] == pytest.approx(mine["score"], rel=1e-8)
    # One log, of the first process.
    assert (tmp_path / "two" / "train.log").read_text().count("epoch 3 of 3") == 1
    assert done.stderr.count("epoch 3 of 3") == 1


@pytest.mark.slow
def test_two_processes_continue_what_one_began_and_the_other_way_round(tmp_path: Path) -> None:
    program, config = Path(toy_training.__file__), write_toy(tmp_path)
    whole = tmp_path / "whole"
    assert call("fit", config, "--out", whole) == 0
    losses = [one["loss"] for one in read_metrics(whole)["base"]]
    lost = torchrun(program, "fit", config, "--out", tmp_path / "run", LOSE="SIGKILL")
    assert lost.returncode == 1
    told = [line for line in lost.stderr.splitlines() if line.startswith("cdat-train: ")]
    assert len(told) == 1 and "start the command again" in told[0]
    assert len(read_metrics(tmp_path / "run")["base"]) == 2
    assert call("fit", config, "--out", tmp_path / "run") == 0
    found = [one["loss"] for one in read_metrics(tmp_path / "run")["base"]]
    assert found == pytest.approx(losses, rel=1e-4)
    # Two processes load what one trained, and train its next stage.
    assert torchrun(program, "all", config, "--out", whole).returncode == 0
    assert len(read_metrics(whole)["cdat"]) == 2


@pytest.mark.slow
def test_a_process_that_stands_still_ends_the_other_in_time(tmp_path: Path) -> None:
    program, config = Path(toy_training.__file__), write_toy(tmp_path, "hardware: {timeout_s: 5}\n")
    lost = torchrun(program, "fit", config, "--out", tmp_path / "run", LOSE="SIGSTOP")
    assert lost.returncode == 1
    told = [line for line in lost.stderr.splitlines() if line.startswith("cdat-train: ")]
    assert len(told) == 1 and "did not answer for 5 s" in told[0]
