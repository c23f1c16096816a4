"""A bundle's ONNX graph as a torch module, so that torch's compilers take any bundle.

Only the operators of opset 17 that `export.graphs.write` writes; every other one is refused by
name. The module holds the graph's weights as buffers and computes node by node in the graph's
order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edge.errors import BundleError
from export.graphs.torch_operators import OPERATORS


class TorchGraph(nn.Module):
    """The graph in `path`; `forward` takes its inputs in order and returns its outputs."""

    def __init__(self, path: Path) -> None:
        """Raises: BundleError, when a node's operator is not known here."""
        super().__init__()
        graph = onnx.load(path).graph
        self.inputs = [value.name for value in graph.input]
        self.outputs = [value.name for value in graph.output]
        self._constants: dict[str, np.ndarray[Any, Any]] = {}
        self._buffer_of: dict[str, str] = {}
        self._nodes: list[tuple[Callable[..., Any], list[str], list[str], dict[str, Any]]] = []
        for tensor in graph.initializer:
            self._keep(tensor.name, numpy_helper.to_array(tensor))
        for node in graph.node:
            if node.op_type not in OPERATORS or node.domain:
                raise BundleError(
                    f"{path.name}: the operator {node.op_type} cannot be compiled by torch: choose"
                    " another engine."
                )
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            operator = OPERATORS[node.op_type]
            self._nodes.append((operator, list(node.input), list(node.output), attributes))

    def _keep(self, name: str, value: np.ndarray[Any, Any]) -> None:
        if np.issubdtype(value.dtype, np.floating):
            self._buffer_of[name] = f"weight_{len(self._buffer_of)}"
            self.register_buffer(self._buffer_of[name], torch.from_numpy(value.copy()))
        else:  # shapes, axes and indices are constants of the program
            self._constants[name] = value

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs in the graph's order."""
        known: dict[str, Any] = dict(zip(self.inputs, inputs, strict=True))
        known |= {name: getattr(self, buffer) for name, buffer in self._buffer_of.items()}
        known |= self._constants
        for operator, taken, made, attributes in self._nodes:
            result = operator(*(known[name] if name else None for name in taken), **attributes)
            results = result if isinstance(result, tuple) else (result,)
            known.update(zip(made, results, strict=True))
        return tuple(known[name] for name in self.outputs)
