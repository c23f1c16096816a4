"""What a step of CDaT's transfer costs: its time against that of a step of the first stage.

Both are whole steps: losses, gradients, AdamW. They take turns on the same batches in one process,
so that a busy machine slows both alike, and the ratio is that of two neighbours. The weights of the
networks do not matter for the time, so none is trained.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from train.stages.cdat import base_loss, transferring_loss
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import WHOLE, Setting, fresh_confidnet
from train.stages.cdat_weights import weights_of
from train.stages.tensors import TensorSplits
from train.tables import table

WARM_UP = 10
"""Steps of each kind before the first that counts."""
RESAMPLES = 2000


def cost(
    config: CdatConfig, splits: TensorSplits, models: list[str], steps: int, folder: Path
) -> dict[str, dict[str, Any]]:
    """By fusion model: median times of a step in ms, and their ratio with a 95 % interval.

    Args:
        steps: Steps of each kind.
    """
    return {name: _of_model(config, splits, name, steps, folder) for name in models}


def cost_table(corpus: str, found: dict[str, dict[str, Any]]) -> str:
    """The figures as a page."""
    rows = [
        [
            name,
            f"{one['base_ms']:.2f}",
            f"{one['transfer_ms']:.2f}",
            f"{one['ratio']:.2f} ({one['ratio_interval'][0]:.2f}-{one['ratio_interval'][1]:.2f})",
        ]
        for name, one in found.items()
    ]
    some = next(iter(found.values()))
    head = ["model", "base step, ms", "transfer step, ms", "ratio (95 %)"]
    return (
        f"{corpus}: {some['steps']} steps of each kind in turns, batches of {some['batch']},"
        f" {some['threads']} thread(s). Medians.\n\n{table(head, rows)}\n"
    )


def _of_model(
    config: CdatConfig, splits: TensorSplits, name: str, steps: int, folder: Path
) -> dict[str, Any]:
    shape = config.model.model_copy(update={"kind": name})
    setting = Setting(config.model_copy(update={"model": shape}), splits, config.seed, folder)
    size = min(config.transfer.batch, len(splits.fit))
    rng = np.random.default_rng(config.seed)
    batches = [
        splits.fit.at(torch.from_numpy(rng.choice(len(splits.fit), size, replace=False)))
        for _ in range(8)
    ]
    base, other = setting.model(), setting.model()
    confidnet = fresh_confidnet(setting, other.z_size).eval()

    def base_step(number: int) -> Tensor:
        part = batches[number % len(batches)]
        return base_loss(splits.task, base, part, WHOLE.expand(len(part), 3))

    def transfer_step(number: int) -> Tensor:
        part = batches[number % len(batches)]
        weights = weights_of("cdat", splits.task, splits.scale, other, confidnet, part)
        return transferring_loss(
            splits.task, other, part, len(part), weights, config.transfer.lambda_
        )

    times: dict[str, tuple[Callable[[int], None], list[float]]] = {
        key: (_stepping(model, loss), [])
        for key, model, loss in (
            ("base", base, base_step),
            ("transfer", other, transfer_step),
        )
    }
    for number in range(WARM_UP + steps):
        # The first of two neighbours finds a colder cache: they swap places.
        for key in sorted(times, reverse=bool(number % 2)):
            step, taken = times[key]
            begin = time.perf_counter_ns()
            step(number)
            if number >= WARM_UP:
                taken.append((time.perf_counter_ns() - begin) / 1e6)
    one, two = (np.array(times[key][1]) for key in ("base", "transfer"))
    picks = rng.integers(0, steps, (RESAMPLES, steps))
    ratios = np.median((two / one)[picks], axis=1)
    return {
        "steps": steps,
        "batch": size,
        "threads": torch.get_num_threads(),
        "base_ms": float(np.median(one)),
        "transfer_ms": float(np.median(two)),
        "ratio": float(np.median(two / one)),
        "ratio_interval": [float(v) for v in np.quantile(ratios, [0.025, 0.975])],
    }


def _stepping(model: torch.nn.Module, loss: Callable[[int], Tensor]) -> Callable[[int], None]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)

    def step(number: int) -> None:
        model.train()
        optimizer.zero_grad()
        torch.autograd.backward(loss(number))
        optimizer.step()

    return step
