"""Channels in whole blocks: the same outputs, and nothing outside ONNX Runtime's blocked layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.errors import EngineError
from edge.frontends.face_detect import MODEL
from export.graphs.whole_blocks import in_whole_blocks


def network(pads: tuple[int, ...] = (0, 0, 0, 0, 0, 4, 0, 0)) -> onnx.ModelProto:
    """A block of BlazeFace: 24 channels become 28 beside their padding, then two leave it."""
    rng = np.random.default_rng(0)
    nodes, weights = [], [numpy_helper.from_array(np.array(pads, np.int64), "pads")]

    def conv(source: str, out: str, shape: tuple[int, ...], group: int = 1) -> None:
        names = []
        for kind, values in (("w", rng.normal(0, 0.3, shape)), ("b", rng.normal(0, 1, shape[0]))):
            weights.append(numpy_helper.from_array(values.astype(np.float16), kind + out))
            names.append(f"{kind}{out}_f")
            nodes.append(helper.make_node("Cast", [kind + out], names[-1:], to=TensorProto.FLOAT))
        side = shape[2] // 2
        at: dict[str, Any] = {"group": group, "pads": [side] * 4, "kernel_shape": list(shape[2:])}
        nodes.append(helper.make_node("Conv", [source, *names], [out], **at))

    conv("input", "stem", (24, 3, 5, 5))
    conv("stem", "deep", (24, 1, 3, 3), group=24)
    conv("deep", "wide", (28, 24, 1, 1))
    nodes.append(helper.make_node("Pad", ["stem", "pads"], ["padded"]))
    nodes.append(helper.make_node("Add", ["padded", "wide"], ["sum"]))
    nodes.append(helper.make_node("Relu", ["sum"], ["rest"]))
    conv("rest", "again", (28, 1, 3, 3), group=28)
    nodes.append(helper.make_node("MaxPool", ["again"], ["half"], kernel_shape=[2, 2]))
    conv("half", "last", (2, 28, 1, 1))
    nodes.append(helper.make_node("Transpose", ["last"], ["scores"], perm=[0, 2, 3, 1]))
    value = helper.make_tensor_value_info
    inputs = [value("input", TensorProto.FLOAT, [1, 3, 16, 16])]
    outputs = [value("scores", TensorProto.FLOAT, [1, 15, 15, 2])]
    graph = helper.make_graph(nodes, "block", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def outputs(model: onnx.ModelProto) -> NDArray[np.float32]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)
    return np.asarray(session.run(None, {"input": picture})[0])


def groups(model: onnx.ModelProto) -> set[int]:
    return {a.i for node in model.graph.node for a in node.attribute if a.name == "group"}


def test_the_outputs_are_the_same() -> None:
    narrow = network()
    np.testing.assert_allclose(outputs(in_whole_blocks(narrow)), outputs(narrow), atol=1e-4)


def test_no_depthwise_convolution_has_a_part_of_a_block() -> None:
    assert groups(network()) == {1, 24, 28}
    whole = in_whole_blocks(network())
    assert groups(whole) == {1, 24, 32}
    assert "Pad" not in {node.op_type for node in whole.graph.node}


def test_a_padding_of_the_picture_is_refused() -> None:
    with pytest.raises(EngineError, match="padded does not only add channels"):
        in_whole_blocks(network(pads=(0, 0, 1, 0, 0, 4, 0, 0)))


def test_the_packaged_face_detector_has_whole_blocks() -> None:
    model = onnx.load(MODEL)
    assert all(group == 1 or group % 8 == 0 for group in groups(model))
    assert "Pad" not in {node.op_type for node in model.graph.node}
