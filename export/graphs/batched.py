"""A copy of an encoder's graph that takes several items a pass."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from edge.errors import EngineError

ANY = "items"
"""The name of a first dimension that may be any number."""


def batched(model: onnx.ModelProto, batch: int | None) -> onnx.ModelProto:
    """The graph with a first dimension of `batch` in every input and output; None: of any number.

    Raises:
        EngineError: An input has no batch dimension (fusion: one step is one pass).
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    shapes = {
        t.name
        for node in graph.node
        if node.op_type == "Reshape"
        for t in graph.initializer
        if t.name == node.input[1]
    }
    for value in (*graph.input, *graph.output):
        first = value.type.tensor_type.shape.dim[0]
        if value in list(graph.input) and first.dim_value != 1:
            raise EngineError(f"{graph.name or 'the graph'} takes no batch.")
        if batch is None:
            first.dim_param = ANY
        else:
            first.dim_value = batch
    for tensor in graph.initializer:
        if tensor.name in shapes:
            shape = np.array(numpy_helper.to_array(tensor))
            # It may be the rows of all items together. -1: what is left.
            shape[0] = -1 if batch is None else shape[0] * batch if shape[0] > 0 else shape[0]
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
    del graph.value_info[:]
    onnx.checker.check_model(copy)
    return copy
