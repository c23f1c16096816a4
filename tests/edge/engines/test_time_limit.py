"""A graph that never returns on the processor is ended, and the engine goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from fixtures.waiting import LIMIT_S, Stopwatch
from onnx import TensorProto, helper

from edge.engines import EngineOptions
from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.errors import EngineError

ENDLESS = 2**62


def looping(path: Path) -> Path:
    """A graph that goes round a loop 2^62 times if its input is above zero, else once."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still_on"]),
            helper.make_node("Add", ["sum", "sum"], ["next"]),
        ],
        "round",
        [
            value("round", TensorProto.INT64, []),
            value("on", TensorProto.BOOL, []),
            value("sum", TensorProto.FLOAT, [1]),
        ],
        [value("still_on", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [1])],
    )
    constants = [
        helper.make_tensor("many", TensorProto.INT64, [], [ENDLESS]),
        helper.make_tensor("once", TensorProto.INT64, [], [1]),
        helper.make_tensor("true", TensorProto.BOOL, [], [True]),
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
    ]
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["top"], keepdims=0),
        helper.make_node("Greater", ["top", "zero"], ["ill"]),
        helper.make_node("Where", ["ill", "many", "once"], ["rounds"]),
        helper.make_node("Loop", ["rounds", "true", "x"], ["y"], body=body),
    ]
    ends = [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])]
    graph = helper.make_graph(nodes, "looping", *ends, constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def test_a_pass_without_an_end_is_ended_and_the_next_one_succeeds(tmp_path: Path) -> None:
    engine = OnnxRuntimeEngine(
        looping(tmp_path / "looping.onnx"), EngineOptions(device="cpu", limit_s=0.3)
    )
    engine.warm_up()
    for _ in range(2):
        with Stopwatch() as watch:
            with pytest.raises(EngineError, match=r"did not return within 0\.3 s"):
                engine.run({"x": np.ones(1, np.float32)})
            assert watch.seconds < LIMIT_S
        assert engine.run({"x": np.full(1, -1, np.float32)})["y"] == [-2]
