"""Rewrite the exporter's opset 18 graph in opset 17, which TensorRT 8.5 (JetPack 5) reads.

For the operators of these graphs the two opsets differ only in a reduction's axes (attribute or
input) and a split's sizes (optional or required).
"""

from __future__ import annotations

import onnx
from onnx import helper, numpy_helper

OPSET = 17
IR_VERSION = 8
"""IR version of ONNX 1.12, with which the parser of TensorRT 8.5 was built."""

AXES_WERE_ATTRIBUTES = frozenset(
    {"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2"}
)


def to_opset_17(model: onnx.ModelProto) -> None:
    """Rewrite `model` in place.

    Raises:
        ValueError: A reduction's axes or a split's sizes are not constant.
    """
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    shapes = {v.name: v.type.tensor_type.shape for v in model.graph.value_info}
    for node in model.graph.node:
        if node.op_type in AXES_WERE_ATTRIBUTES:
            _drop_attribute(node, "noop_with_empty_axes")
            if len(node.input) > 1:
                if node.input[1] not in constants:
                    raise ValueError(f"{node.name}: the axes must be a constant")
                axes = [int(axis) for axis in constants[node.input[1]].reshape(-1)]
                node.attribute.append(helper.make_attribute("axes", axes))
                del node.input[1:]
        elif node.op_type == "Split":
            _drop_attribute(node, "num_outputs")
            if len(node.input) < 2:
                _write_sizes(model.graph, node, shapes)
    _drop_unused(model.graph)
    model.ir_version = IR_VERSION
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", OPSET))


def _write_sizes(graph: onnx.GraphProto, node: onnx.NodeProto, shapes: dict[str, object]) -> None:
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
    sizes = []
    for output in node.output:
        shape = shapes.get(output)
        if shape is None:
            raise ValueError(f"{node.name}: the shape of {output} is not known")
        sizes.append(shape.dim[axis].dim_value)  # type: ignore[attr-defined]
    name = f"{node.name}_sizes"
    graph.initializer.append(helper.make_tensor(name, onnx.TensorProto.INT64, [len(sizes)], sizes))
    node.input.append(name)


def _drop_attribute(node: onnx.NodeProto, name: str) -> None:
    for attribute in list(node.attribute):
        if attribute.name == name:
            node.attribute.remove(attribute)


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove constants that no node reads."""
    used = {name for node in graph.node for name in node.input} | {o.name for o in graph.output}
    for part in (graph.initializer, graph.value_info):
        for one in list(part):
            made = {name for node in graph.node for name in node.output}
            if one.name not in used | made:
                part.remove(one)
