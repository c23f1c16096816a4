"""ONNX's operators as torch functions: those that the graphs of a bundle are made of.

Each takes the node's inputs in order, as tensors or as NumPy constants, and its attributes by name.
Source: the operators' definitions of opset 17 at onnx.ai/onnx/operators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional

from edge.errors import BundleError

DTYPES: dict[int, torch.dtype] = {
    onnx.TensorProto.FLOAT: torch.float32,
    onnx.TensorProto.FLOAT16: torch.float16,
    onnx.TensorProto.INT32: torch.int32,
    onnx.TensorProto.INT64: torch.int64,
    onnx.TensorProto.BOOL: torch.bool,
}


def _tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A constant as a tensor where an operator computes with it."""
    if isinstance(value, Tensor):
        return value
    return torch.tensor(np.asarray(value), device=None if like is None else like.device)


def _ints(value: Any) -> list[int]:
    return [int(one) for one in np.asarray(value).reshape(-1)]


def _pair(operator: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def run(a: Any, b: Any) -> Tensor:
        like = a if isinstance(a, Tensor) else b
        return operator(_tensor(a, like), _tensor(b, like))

    return run


def _conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    pads: list[int] | None = None,
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    group: int = 1,
    kernel_shape: list[int] | None = None,
    auto_pad: bytes = b"NOTSET",
) -> Tensor:
    spatial = x.dim() - 2
    pads = pads or [0] * (2 * spatial)
    around = [p for k in reversed(range(spatial)) for p in (pads[k], pads[k + spatial])]
    padded = functional.pad(x, around) if any(pads) else x
    run = {1: functional.conv1d, 2: functional.conv2d}[spatial]
    ones = [1] * spatial
    return run(padded, weight, bias, strides or ones, [0] * spatial, dilations or ones, group)


def _average_pool(
    x: Tensor,
    *,
    kernel_shape: list[int],
    strides: list[int] | None = None,
    pads: list[int] | None = None,
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    auto_pad: bytes = b"NOTSET",
) -> Tensor:
    if pads and any(pads):
        raise BundleError("a pooling with padding cannot be compiled by torch here.")
    steps = strides or [1] * len(kernel_shape)
    return functional.avg_pool2d(x, kernel_shape, steps, 0, bool(ceil_mode))


def _gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    product = (a.t() if transA else a) @ (b.t() if transB else b)
    product = product if alpha == 1.0 else alpha * product
    return product if c is None else product + (c if beta == 1.0 else beta * c)


def _gather(table: Any, indices: Any, *, axis: int = 0) -> Tensor:
    x = _tensor(table)
    where = _tensor(indices, x).long()
    axis = axis % x.dim()
    where = torch.where(where < 0, where + x.shape[axis], where)
    picked = x.index_select(axis, where.reshape(-1))
    return picked.reshape(*x.shape[:axis], *where.shape, *x.shape[axis + 1 :])


def _slice(x: Tensor, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Tensor:
    begin, end = _ints(starts), _ints(ends)
    along = _ints(axes) if axes is not None else list(range(len(begin)))
    stride = _ints(steps) if steps is not None else [1] * len(begin)
    for b, e, a, s in zip(begin, end, along, stride, strict=True):
        size = x.shape[a]
        last = min(e, size) if e >= 0 else size + e
        first = b if b >= 0 else size + b
        x = x.index_select(a, torch.arange(first, last, s, device=x.device))
    return x


def _reshape(x: Tensor, shape: Any, *, allowzero: int = 0) -> Tensor:
    sizes = [x.shape[k] if n == 0 and not allowzero else n for k, n in enumerate(_ints(shape))]
    return x.reshape(sizes)


def _expand(value: Any, shape: Any) -> Tensor:
    x, wanted = _tensor(value), _ints(shape)
    padded = [1] * (len(wanted) - x.dim()) + list(x.shape)
    return x.expand([max(a, b) for a, b in zip(padded, wanted, strict=True)])


def _unsqueeze(value: Any, axes: Any) -> Tensor:
    x = _tensor(value)
    total = x.dim() + len(_ints(axes))
    for axis in sorted(a % total for a in _ints(axes)):
        x = x.unsqueeze(axis)
    return x


def _squeeze(x: Tensor, axes: Any = None) -> Tensor:
    return x.squeeze() if axes is None else x.squeeze(tuple(_ints(axes)))


def _split(x: Tensor, sizes: Any, *, axis: int = 0) -> tuple[Tensor, ...]:
    return torch.split(x, _ints(sizes), axis)


def _reduce(operator: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def run(
        x: Tensor,
        given: Any = None,
        *,
        axes: list[int] | None = None,
        keepdims: int = 1,
        noop_with_empty_axes: int = 0,
    ) -> Tensor:
        along = _ints(given) if given is not None else axes or list(range(x.dim()))
        return operator(x, dim=tuple(along), keepdim=bool(keepdims))

    return run


def _clip(x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    def number(value: Any) -> Tensor | None:
        return None if value is None else _tensor(value, x)

    return torch.clamp(x, number(low), number(high))


def _cast(x: Any, *, to: int) -> Tensor:
    return _tensor(x).to(DTYPES[to])


OPERATORS: dict[str, Callable[..., Any]] = {
    "Add": _pair(torch.add),
    "AveragePool": _average_pool,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda *xs, axis: torch.cat([_tensor(x) for x in xs], axis),
    "Conv": _conv,
    "Div": _pair(torch.div),
    "Expand": _expand,
    "Gather": _gather,
    "Gemm": _gemm,
    "Greater": _pair(torch.gt),
    "Log": torch.log,
    "MatMul": _pair(torch.matmul),
    "Mul": _pair(torch.mul),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceSum": _reduce(torch.sum),
    "Relu": torch.relu,
    "Reshape": _reshape,
    "Sigmoid": torch.sigmoid,
    "Slice": _slice,
    "Softmax": lambda x, *, axis=-1: torch.softmax(x, axis),
    "Split": _split,
    "Sqrt": torch.sqrt,
    "Squeeze": _squeeze,
    "Sub": _pair(torch.sub),
    "Tanh": torch.tanh,
    "Transpose": lambda x, *, perm: x.permute(perm),
    "Unsqueeze": _unsqueeze,
}
