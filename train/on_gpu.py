"""Losses and validation on a GPU, though the stages are written for the processor.

The stages make tensors from NumPy arrays, use constants and frozen networks, and read answers back,
in some sixty places. Within `on_device` all of it happens on one device, and the loop moves
the network that is trained there once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

_READS = {Tensor.numpy, Tensor.tolist, Tensor.__array__}


@contextmanager
def on_device(device: torch.device) -> Iterator[None]:
    """Meanwhile new tensors are made on `device`, and those of the processor are copied there when
    they are used. Nothing changes where the device is the processor."""
    with nullcontext() if device.type == "cpu" else _OnDevice(device), _factories(device):
        yield


def _factories(device: torch.device) -> Any:
    return nullcontext() if device.type == "cpu" else device


class _OnDevice(TorchFunctionMode):
    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _READS:
            return func(args[0].detach().cpu(), *args[1:], **kwargs)
        if func is torch.from_numpy:
            return func(*args, **kwargs).to(self._device)
        if getattr(func, "__name__", "") in ("__get__", "__set__", "cpu", "to"):
            return func(*args, **kwargs)
        return func(*tree_map(self._moved, args), **tree_map(self._moved, kwargs))

    def _moved(self, one: Any) -> Any:
        if isinstance(one, Tensor) and one.device.type == "cpu":
            return one.to(self._device)
        return one
