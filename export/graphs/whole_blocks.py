"""Rewrites a graph of convolutions so that ONNX Runtime never leaves its blocked layout.

On a processor ONNX Runtime keeps eight channels side by side. A depthwise convolution of 28, 36 or
42 channels, and padding by channels, are outside that layout: each is computed slowly, and tensors
are reordered before and after it. So channels are filled up with zeros to a multiple of eight, and
a padding that is still needed becomes a convolution with the unit matrix. The outputs are the same,
except for the order in which sums are rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.errors import EngineError

_BLOCK = 8
_SAME_CHANNELS = ("Relu", "Add", "MaxPool")
_REWRITTEN = {"Conv", "Pad", *_SAME_CHANNELS}


def in_whole_blocks(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with channels in multiples of eight.

    Args:
        model: Weights are in half precision, each with a Cast, as `face_detector` writes them. A
            Pad adds channels after the others.

    Raises:
        EngineError: A Pad does something else.
    """
    return _Rewriter(model.graph).rewritten(model)


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._half = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Cast"}
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._channels = {"input": 3}
        """Of each tensor, as it was."""
        self._place: dict[str, str] = {}
        """The tensor that takes the place of a padding which is not needed any more."""

    def rewritten(self, model: onnx.ModelProto) -> onnx.ModelProto:
        for node in self._graph.node:
            if node.op_type == "Conv":
                self._convolution(node)
            elif node.op_type == "Pad":
                self._padding(node)
            elif node.op_type != "Cast":
                self._copy(node)
        old = self._graph
        graph = helper.make_graph(self._nodes, old.name, old.input, old.output, self._weights)
        opsets, version = list(model.opset_import), model.ir_version
        made = helper.make_model(graph, opset_imports=opsets, ir_version=version)
        onnx.checker.check_model(made, full_check=True)
        return made

    def _convolution(self, node: onnx.NodeProto) -> None:
        source, weight, bias = node.input
        out = node.output[0]
        values, added = self._values[self._half[weight]], self._values[self._half[bias]]
        self._channels[out] = len(values)
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        # What leaves the network keeps its shape.
        readers = {reader.op_type for reader in self._graph.node if out in reader.input}
        outputs = _filled(len(values)) if readers <= _REWRITTEN else len(values)
        inputs = values.shape[1]
        if attributes.get("group", 1) > 1:
            attributes["group"] = outputs
        elif source != "input":
            inputs = _filled(inputs)
        names = [
            self._weight(self._half[weight], _grown(values, (outputs, inputs))),
            self._weight(self._half[bias], _grown(added, (outputs,))),
        ]
        self._add("Conv", [self._now(source), *names], out, attributes)

    def _padding(self, node: onnx.NodeProto) -> None:
        source, out = node.input[0], node.output[0]
        amounts = self._values[node.input[1]]
        if np.count_nonzero(amounts) != 1 or amounts[5] <= 0:
            raise EngineError(f"The node {out} does not only add channels after the others.")
        self._channels[out] = self._channels[source] + int(amounts[5])
        before, after = _filled(self._channels[source]), _filled(self._channels[out])
        if before == after:
            self._place[out] = self._now(source)
            return
        unit = np.eye(after, before, dtype=np.float16)[:, :, None, None]
        names = [
            self._weight(f"u{out}", unit),
            self._weight(f"z{out}", np.zeros(after, np.float16)),
        ]
        self._add("Conv", [self._now(source), *names], out, {"kernel_shape": [1, 1]})

    def _copy(self, node: onnx.NodeProto) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(self._now(name) for name in node.input)
        self._nodes.append(copy)
        if node.op_type in _SAME_CHANNELS:
            self._channels[node.output[0]] = self._channels[node.input[0]]
        for name in node.input:
            if name in self._values:
                self._weights.append(numpy_helper.from_array(self._values[name], name))

    def _now(self, name: str) -> str:
        return self._place.get(name, name)

    def _weight(self, name: str, values: NDArray[Any]) -> str:
        self._weights.append(numpy_helper.from_array(values, name))
        self._nodes.append(helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT))
        return f"{name}_f"

    def _add(self, kind: str, inputs: list[str], out: str, attributes: dict[str, Any]) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [out], **attributes))


def _filled(channels: int) -> int:
    return -(-channels // _BLOCK) * _BLOCK


def _grown(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """`values` with zeros after them along the first axes, which have the lengths `shape` then."""
    grown = np.zeros((*shape, *values.shape[len(shape) :]), values.dtype)
    grown[tuple(slice(n) for n in values.shape[: len(shape)])] = values
    return grown
