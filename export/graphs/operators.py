"""Check each node of a graph against what TensorRT's ONNX parser supports in a release.

`assets/tensorrt_onnx_ops.csv` holds NVIDIA's lists for 8.5 (JetPack 5) and 10.1: operators and
the types that each supports.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import onnx
from onnx import TensorProto, shape_inference

RELEASES = {"8.5": ("trt_8_5", "types_8_5"), "10": ("trt_10_1", "types_10_1")}
NEWEST_OPSET = {"8.5": 17, "10": 20}
COMPARISONS = frozenset({"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
"""Their output is BOOL; the table lists the types of their inputs."""
QUANTISING = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""The table lists the types of their input; scales and outputs have other types."""
CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
TYPES: dict[int, str] = {
    TensorProto.FLOAT: "FP32",
    TensorProto.FLOAT16: "FP16",
    TensorProto.BFLOAT16: "BF16",
    TensorProto.INT32: "INT32",
    TensorProto.INT64: "INT64",
    TensorProto.INT8: "INT8",
    TensorProto.UINT8: "UINT8",
    TensorProto.BOOL: "BOOL",
}


@dataclass(frozen=True)
class Refused:
    """A node, input or output that a release of TensorRT does not support."""

    release: str
    node: str
    why: str

    def __str__(self) -> str:
        return f"TensorRT {self.release} does not support {self.node}: {self.why}"


def refused(model: onnx.ModelProto, release: str) -> list[Refused]:
    """Everything in `model` that the ONNX parser of `release` ("8.5" or "10") refuses."""
    found = []
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if opset > NEWEST_OPSET[release]:
        found.append(
            Refused(release, "the graph", f"opset {opset} is newer than {NEWEST_OPSET[release]}")
        )
    inferred = shape_inference.infer_shapes(model, strict_mode=True)
    types = _types(inferred.graph)
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in (*model.graph.input, *model.graph.output):
        kind = TYPES.get(value.type.tensor_type.elem_type, "another type")
        if kind not in ("FP32", "INT32"):
            found.append(Refused(release, value.name, f"an input or output of the graph is {kind}"))
        if any(not dim.dim_value for dim in value.type.tensor_type.shape.dim):
            found.append(Refused(release, value.name, "its shape is not fixed"))
    table = _table(release)
    for node in inferred.graph.node:
        for why in _reasons(node, table, types, constants):
            found.append(Refused(release, f"{node.name or node.output[0]} ({node.op_type})", why))
    return found


def _reasons(
    node: onnx.NodeProto,
    table: dict[str, frozenset[str]],
    types: dict[str, int],
    constants: set[str],
) -> list[str]:
    if node.domain not in ("", "ai.onnx"):
        return [f"it is in the domain {node.domain}"]
    if node.op_type in CONTROL_FLOW:
        return ["control flow is not supported in these graphs"]
    if node.op_type not in table:
        return ["there is no such operator"]
    taken = table[node.op_type]
    reasons = []
    tensors = [*node.input, *node.output]
    if node.op_type in COMPARISONS:
        tensors = list(node.input)
    elif node.op_type in QUANTISING:
        tensors = [node.input[0]]
    for name in tensors:
        if not name:
            continue
        kind = TYPES.get(types.get(name, 0), "of unknown type")
        if kind == "INT64" and name in constants:
            continue  # axes, shapes and indices: 8.5 reads constants of int64 as int32
        if kind not in taken:
            reasons.append(f"{name} is {kind}, supported are {', '.join(sorted(taken))}")
    return reasons


@cache
def _table(release: str) -> dict[str, frozenset[str]]:
    there, types = RELEASES[release]
    text = (resources.files("export") / "assets" / "tensorrt_onnx_ops.csv").read_text("utf-8")
    return {
        row["op"]: frozenset(part.strip() for part in row[types].split(","))
        for row in csv.DictReader(text.splitlines())
        if row[there] == "Y"
    }


def _types(graph: onnx.GraphProto) -> dict[str, int]:
    values = (*graph.input, *graph.output, *graph.value_info)
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    return types | {tensor.name: tensor.data_type for tensor in graph.initializer}
