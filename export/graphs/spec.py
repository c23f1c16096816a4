"""What an ONNX graph takes and returns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx

from edge.engines import GraphSpec, TensorSpec

_DTYPES: dict[int, str] = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.INT32: "int32"}


def spec_of_graph(path: Path) -> GraphSpec:
    """The inputs and outputs of the graph in `path`."""
    graph = onnx.load(path, load_external_data=False).graph
    return GraphSpec(_tensors(graph.input), _tensors(graph.output))


def _tensors(values: Sequence[onnx.ValueInfoProto]) -> dict[str, TensorSpec]:
    found = {}
    for value in values:
        kind = value.type.tensor_type
        shape = tuple(dim.dim_value for dim in kind.shape.dim)
        found[value.name] = TensorSpec(shape, _DTYPES.get(kind.elem_type, str(kind.elem_type)))
    return found
