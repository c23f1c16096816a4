"""The trainer of every network: fits a model to batches with a loss, and keeps the best epoch."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from train import checkpoint, hardware
from train.average import Average
from train.config import Fit
from train.epochs import told
from train.on_gpu import on_device
from train.step import Step

log = logging.getLogger("train")

WARM_UP = 0.1
"""Share of all steps with a rising learning rate; it then falls to 0 as a cosine."""


@dataclass(frozen=True)
class Training:
    """What the trainer needs to know about a network.

    `batches(rng)` yields one epoch's batches and uses no other random numbers than `rng`.
    `loss(batch)` is a scalar. `validate()` gives metrics by name; the epoch with the highest value
    of the metric `score` is kept. `begin()` sets the first weights of a training that does not
    resume one. `by_sample`: the loss is a mean over the samples of a batch, which several processes
    may then share; the transfer of CDaT compares samples with each other, and is not.
    """

    name: str
    model: nn.Module
    batches: Callable[[np.random.Generator], Iterable[Any]]
    loss: Callable[[Any], Tensor]
    validate: Callable[[], dict[str, float]]
    score: str
    begin: Callable[[], None] | None = None
    by_sample: bool = False


def seed_of(seed: int, *parts: str | int) -> np.random.SeedSequence:
    """Independent random seeds for each named part of a run; interruptions do not change them."""
    words = [int.from_bytes(str(part).encode().ljust(4, b"\0"), "big") for part in parts]
    return np.random.SeedSequence([seed, *words])


def generator(seed: int, *parts: str | int) -> np.random.Generator:
    """numpy's generator, seeded with `seed_of`."""
    return np.random.default_rng(seed_of(seed, *parts))


def fit(training: Training, fit_config: Fit, seed: int, folder: Path, key: str) -> dict[str, float]:
    """Train to the last epoch, resuming after the last complete epoch of an earlier call.

    The random numbers of an epoch depend only on (seed, stage, epoch), so a run that was killed and
    resumed gives the same weights as one that was not. Several processes take the same steps as
    one, within the order of sums, so each may resume what the other began.

    Args:
        folder: holds `last.safetensors` (to continue from) and `best.safetensors`.
        key: digest of everything that the result depends on; a checkpoint with another key is
            ignored.

    Returns:
        The best epoch's metrics; the model then has the weights of that epoch, on the processor.

    Raises:
        EdgeError: Another process of the training ended or did not answer.
    """
    best_path, last_path = folder / checkpoint.BEST, folder / checkpoint.LAST
    fabric, model = hardware.fabric(), training.model
    if hardware.mixed():
        key = f"{key} {hardware.precision()}"
    if fit_config.epochs == 0:
        return _as_it_begins(training, folder, key)
    if training.begin is not None and not _resumes(last_path, key):
        training.begin()
    model.to(fabric.device)
    optimiser = _optimiser(model, fit_config)
    average = Average(model, fit_config.average)
    begin, best = _resume(model, optimiser, average, last_path, key)
    if begin:
        log.info("%s: continues after epoch %d of %d", training.name, begin, fit_config.epochs)
    began_s = time.monotonic()
    step = Step(model, training.loss, training.by_sample, optimiser)
    for epoch in range(begin, fit_config.epochs):
        started = time.monotonic()
        torch.manual_seed(int(seed_of(seed, training.name, epoch).generate_state(1)[0]))
        model.train()
        losses = _epoch(training, step, fit_config, average, epoch, seed)
        own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        average.put_into(model)
        model.eval()
        with torch.no_grad(), on_device(fabric.device):
            metrics = training.validate()
        shown = "  ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        now_s = time.monotonic()
        left_s = (now_s - began_s) / (epoch + 1 - begin) * (fit_config.epochs - epoch - 1)
        log.info(
            "%s: epoch %d of %d  loss %.3f  %s  (%.0f s, %s left)",
            training.name,
            epoch + 1,
            fit_config.epochs,
            float(np.mean(losses)),
            shown,
            now_s - started,
            f"{left_s / 60:.0f} min" if left_s >= 90 else f"{left_s:.0f} s",
            extra=told(folder.name, epoch + 1, loss=float(np.mean(losses)), **metrics),
        )
        if not best or metrics[training.score] > best[training.score]:
            best = metrics
            facts = {"key": key, "epoch": epoch + 1, "metrics": metrics}
            checkpoint.save(best_path, model.state_dict(), facts)
        model.load_state_dict(own)
        tensors = {f"model.{k}": v for k, v in own.items()}
        tensors |= {f"average.{k}": v for k, v in average.tensors.items()}
        tensors |= {f"optim.{k}": v for k, v in checkpoint.optimiser_tensors(optimiser).items()}
        facts = {"key": key, "epoch": epoch + 1, "best": best, "average_steps": average.steps}
        checkpoint.save(last_path, tensors, facts)
    model.cpu()
    with hardware.not_alone():
        fabric.barrier()
    checkpoint.load_best(model, folder)
    return best


def _as_it_begins(training: Training, folder: Path, key: str) -> dict[str, float]:
    """Keep the weights with which the training begins. Returns their metrics."""
    path = folder / checkpoint.BEST
    if not _resumes(path, key):
        if training.begin is not None:
            training.begin()
        training.model.eval()
        with torch.no_grad():
            metrics = training.validate()
        facts = {"key": key, "epoch": 0, "metrics": metrics}
        checkpoint.save(path, training.model.state_dict(), facts)
        # A longer training of earlier would seem complete, with these weights as its best.
        if hardware.first():
            (folder / checkpoint.LAST).unlink(missing_ok=True)
    with hardware.not_alone():
        hardware.fabric().barrier()
    checkpoint.load_best(training.model, folder)
    return dict(checkpoint.load(path)[1]["metrics"])


def _optimiser(model: nn.Module, fit_config: Fit) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": fit_config.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ],
        lr=fit_config.learning_rate,
    )


def _epoch(
    training: Training, step: Step, fit_config: Fit, average: Average, epoch: int, seed: int
) -> list[float]:
    """Train for an epoch. Returns the loss of each batch."""
    losses = []
    steps = math.ceil(fit_config.samples / fit_config.batch)
    for number, batch in enumerate(training.batches(generator(seed, training.name, epoch, "data"))):
        done = (epoch + number / steps) / fit_config.epochs
        losses.append(step(batch, fit_config.learning_rate * _schedule(done)))
        average.follow(training.model)
    return step.of_all(losses)


def _resumes(path: Path, key: str) -> bool:
    return path.is_file() and checkpoint.load(path)[1]["key"] == key


def _resume(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average,
    path: Path,
    key: str,
) -> tuple[int, dict[str, float]]:
    if not path.is_file():
        return 0, {}
    tensors, facts = checkpoint.load(path)
    if facts["key"] != key:
        log.info("%s was made with other settings or data: training starts again", path)
        return 0, {}
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    running = {k.removeprefix("optim."): v for k, v in tensors.items() if k.startswith("optim.")}
    checkpoint.load_into(model, weights, path)
    checkpoint.restore_optimiser(optimiser, running)
    averaged = {
        k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")
    }
    average.resume(averaged, int(facts["average_steps"]))
    return int(facts["epoch"]), dict(facts["best"])


def _schedule(done: float) -> float:
    if done < WARM_UP:
        return max(done / WARM_UP, 0.02)
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
