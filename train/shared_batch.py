"""One batch shared by several processes: each has a part of its samples, and together they take the
step that one process would take with all of them.

So BatchNorm uses the statistics of the whole batch, and dropout leaves out what it would leave out
of the whole batch. DistributedDataParallel does neither on a processor, and it needs a loss that
calls the network as a whole, which these losses do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Batch = TypeVar("Batch")


def part_of(batch: Batch, rank: int, ranks: int) -> Batch | None:
    """The samples of process `rank`: one of `ranks` equal, consecutive parts. None where the batch
    cannot be divided equally, as the last one of an epoch.

    Args:
        batch: what `len` and a slice work on, or a tuple of these.
    """
    first = batch[0] if isinstance(batch, tuple) else batch
    size, rest = divmod(len(first), ranks)  # type: ignore[arg-type]
    return None if rest else _cut(batch, slice(rank * size, (rank + 1) * size))


def _cut(batch: Any, rows: slice) -> Any:
    if isinstance(batch, tuple):
        return tuple(_cut(one, rows) for one in batch)
    return batch[rows]


def sum_gradients(model: nn.Module) -> None:
    """Replace each gradient by its sum over the processes.

    A parameter that no process used keeps no gradient, so that the optimiser leaves it alone.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    zero = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    used = torch.tensor([float(p.grad is not None) for p in parameters], device=zero[0].device)
    total = torch.cat([*(one.flatten() for one in zero), used])
    dist.all_reduce(total)
    sizes = [p.numel() for p in parameters]
    *gradients, used = torch.split(total, [*sizes, len(parameters)])
    for parameter, gradient, by in zip(parameters, gradients, used.tolist(), strict=True):
        parameter.grad = gradient.view_as(parameter).clone() if by else None


class _Sum(torch.autograd.Function):
    """The sum over the processes; so is that of its gradient."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        total = x.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


@contextmanager
def as_one(model: nn.Module, rank: int, ranks: int) -> Iterator[None]:
    """Meanwhile the layers of `model` that look beyond a sample work as on the whole batch."""
    changed: list[nn.Module] = []
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.training:
            module.forward = _norm(module, ranks)  # type: ignore[method-assign]
        elif isinstance(module, nn.Dropout) and module.training and module.p > 0:
            module.forward = _dropout(module, rank, ranks)  # type: ignore[method-assign]
        else:
            continue
        changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del module.forward


def _norm(norm: _BatchNorm, ranks: int) -> Any:
    def forward(x: Tensor) -> Tensor:
        over = [0, *range(2, x.ndim)]
        shape = [1, -1] + [1] * (x.ndim - 2)
        count = x.numel() // x.shape[1] * ranks
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = torch.as_tensor(_Sum.apply(wide.sum(over))) / count  # type: ignore[no-untyped-call]
        apart = wide - mean.view(shape)
        variance = torch.as_tensor(_Sum.apply(apart.square().sum(over))) / count  # type: ignore[no-untyped-call]
        if norm.running_mean is not None and norm.running_var is not None:
            with torch.no_grad():
                assert norm.num_batches_tracked is not None
                norm.num_batches_tracked.add_(1)
                share = norm.momentum or 1 / float(norm.num_batches_tracked)
                norm.running_mean.lerp_(mean, share)
                norm.running_var.lerp_(variance * count / max(count - 1, 1), share)
        out = apart / torch.sqrt(variance + norm.eps).view(shape)
        if norm.weight is not None:
            out = out * norm.weight.view(shape) + norm.bias.view(shape)
        return out.to(x.dtype)

    return forward


def _dropout(dropout: nn.Dropout, rank: int, ranks: int) -> Any:
    def forward(x: Tensor) -> Tensor:
        # Drawn for the whole batch in each process, which all have the same seed.
        every = torch.ones((len(x) * ranks, *x.shape[1:]), dtype=x.dtype, device=x.device)
        kept = nn.functional.dropout(every, dropout.p, training=True)
        return x * kept[rank * len(x) : (rank + 1) * len(x)]

    return forward
