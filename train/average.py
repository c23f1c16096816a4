"""The moving average of a network's weights, which is what a training keeps."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Average:
    """The moving average of a model's weights and BatchNorm statistics (Polyak); off at decay 0."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self.tensors = (
            {k: v.clone() for k, v in model.state_dict().items() if v.is_floating_point()}
            if decay
            else {}
        )
        self.steps = 0

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Take the weights after one more step."""
        self.steps += 1
        # A smaller decay in the first steps, so that the initial weights are soon forgotten.
        decay = min(self._decay, self.steps / (self.steps + 10))
        now = model.state_dict()
        for name, tensor in self.tensors.items():
            tensor.lerp_(now[name], 1 - decay)

    def put_into(self, model: nn.Module) -> None:
        """Give a model the average."""
        model.load_state_dict(model.state_dict() | self.tensors)

    def resume(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])
        self.steps = steps
