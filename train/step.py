"""A step of the optimiser: on any device, in any precision, taken by all processes together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn

from train import hardware
from train.on_gpu import on_device
from train.shared_batch import as_one, part_of, sum_gradients

MAX_NORM = 5.0
"""Longer gradients are shortened to this norm."""


class Step:
    """Steps of one training.

    `loss(batch)` is a scalar. `by_sample`: a mean over the samples of the batch, so the processes
    share it; otherwise each one computes the loss of the whole batch, and their mean counts.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Any], Tensor],
        by_sample: bool,
        optimiser: torch.optim.Optimizer,
    ) -> None:
        self._model, self._of, self._by_sample = model, loss, by_sample
        self._fabric = hardware.fabric()
        self._optimiser = cast(torch.optim.Optimizer, self._fabric.setup_optimizers(optimiser))
        self._ranks, self._rank = hardware.processes(), hardware.rank()

    def __call__(self, batch: Any, rate: float) -> float:
        """Take a step with learning rate `rate`. Returns this process's part of the loss.

        Raises:
            EdgeError: Another process ended or did not answer.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad(set_to_none=True)
        with hardware.not_alone():
            loss = self._loss(batch)
            self._fabric.backward(loss)
            if self._ranks > 1:
                sum_gradients(self._model)
        # In 16 bits a gradient may overflow; the scaler then leaves the step out.
        self._fabric.clip_gradients(
            self._model, self._optimiser, max_norm=MAX_NORM, error_if_nonfinite=False
        )
        self._optimiser.step()
        return float(loss.detach())

    def of_all(self, losses: list[float]) -> list[float]:
        """The losses of whole batches, from each process's parts of them."""
        if self._ranks == 1:
            return losses
        with hardware.not_alone():
            mine = torch.tensor(losses, dtype=torch.float64, device=self._fabric.device)
            total = cast(Tensor, self._fabric.all_reduce(mine, reduce_op="sum"))
        return cast(list[float], total.tolist())

    def _loss(self, batch: Any) -> Tensor:
        part = None
        if self._ranks > 1 and self._by_sample:
            part = part_of(batch, self._rank, self._ranks)
        whole = part is None
        layers = nullcontext() if whole else as_one(self._model, self._rank, self._ranks)
        with self._fabric.autocast(), on_device(self._fabric.device), layers:
            loss = self._of(batch if whole else part)
        return loss if self._ranks == 1 else loss / self._ranks
