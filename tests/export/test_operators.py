"""TensorRT supports the shipped graphs, and they stay finite in half precision."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import onnx
import onnxruntime as ort
from fixtures.tensorrt_runtime import in_float_sums
from onnx import TensorProto, helper, numpy_helper

from edge.bundle import Bundle, default_bundle
from edge.errors import BundleError, EngineError
from export.graphs.operators import refused
from export.graphs.opset import to_opset_17
from export.graphs.precision import MIN_CALIBRATION, in_fp16, in_int8

LARGEST_HALF = 65504.0
GRAPHS = sorted(path.name for path in default_bundle().glob("*.onnx"))
EXTREMES = {
    # Of log energies: digital silence is -15.9, a full-scale sine about +20.
    "audio.onnx": (-16.0, 0.0, 30.0, 1000.0),
    "vision.onnx": (0.0, 0.5, 1.0, 1000.0),
    "fusion.onnx": (-1000.0, 0.0, 1.0, 1000.0),
    "text.onnx": (0, 1, 16383),
}


def _model(name: str) -> onnx.ModelProto:
    return onnx.load(default_bundle() / name)


def _graph(nodes, inputs, outputs, constants=(), opset=17) -> onnx.ModelProto:
    def values(named):
        return [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in named]

    graph = helper.make_graph(nodes, "g", values(inputs), values(outputs), list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _extreme_inputs(model: onnx.ModelProto, name: str):
    for value in EXTREMES[name]:
        inputs = {}
        for one in model.graph.input:
            shape = [dim.dim_value for dim in one.type.tensor_type.shape.dim]
            whole = one.type.tensor_type.elem_type == TensorProto.INT32
            inputs[one.name] = np.full(shape, value, np.int32 if whole else np.float32)
        yield inputs


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("release", ["8.5", "10"])
def test_tensorrt_supports_every_node_of_the_shipped_graphs(name: str, release: str):
    assert [str(one) for one in refused(_model(name), release)] == []


def test_layer_normalization_is_refused_by_8_5_and_named():
    scale = numpy_helper.from_array(np.ones(4, np.float32), "scale")
    node = helper.make_node("LayerNormalization", ["x", "scale"], ["y"], name="norm_3")
    border = [("x", TensorProto.FLOAT, [1, 4])], [("y", TensorProto.FLOAT, [1, 4])]
    model = _graph([node], *border, [scale])
    assert [one.node for one in refused(model, "8.5")] == ["norm_3 (LayerNormalization)"]
    assert refused(model, "10") == []


def test_8_5_refuses_int64_arithmetic_but_not_a_constant_int64_axis():
    one = numpy_helper.from_array(np.ones(4, np.int64), "one")
    nodes = [
        helper.make_node("Cast", ["x"], ["long"], to=TensorProto.INT64, name="widen"),
        helper.make_node("Add", ["long", "one"], ["more"], name="count"),
        helper.make_node("Cast", ["more"], ["y"], to=TensorProto.FLOAT, name="narrow"),
    ]
    border = [("x", TensorProto.FLOAT, [4])], [("y", TensorProto.FLOAT, [4])]
    nodes_named = [found.node for found in refused(_graph(nodes, *border, [one]), "8.5")]
    assert "count (Add)" in nodes_named
    axis = numpy_helper.from_array(np.array([0], np.int64), "axis")
    total = helper.make_node("ReduceSum", ["x", "axis"], ["y"], name="sum", keepdims=0)
    border = [("x", TensorProto.FLOAT, [4])], [("y", TensorProto.FLOAT, [])]
    assert refused(_graph([total], *border, [axis]), "8.5") == []


def test_control_flow_dynamic_shapes_and_int64_inputs_are_refused():
    nodes = [helper.make_node("Identity", ["x"], ["y"], name="same")]
    model = _graph(nodes, [("x", TensorProto.INT64, [1])], [("y", TensorProto.INT64, [1])])
    assert any("the graph is INT64" in str(one) for one in refused(model, "10"))
    model = _graph(nodes, [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.FLOAT, ["n"])])
    assert any("not fixed" in str(one) for one in refused(model, "10"))
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["a"])],
        "body",
        [],
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])],
    )
    choice = helper.make_node("If", ["b"], ["y"], then_branch=body, else_branch=body, name="choice")
    inputs = [("x", TensorProto.FLOAT, [1]), ("c", TensorProto.FLOAT, [])]
    cast = helper.make_node("Cast", ["c"], ["b"], to=TensorProto.BOOL, name="cast")
    model = _graph([cast, choice], inputs, [("y", TensorProto.FLOAT, [1])])
    assert "choice (If)" in [one.node for one in refused(model, "10")]


@pytest.mark.slow
def test_a_graph_that_tensorrt_refuses_is_not_written(tmp_path):
    torch = pytest.importorskip("torch")
    from export.graphs.write import write_graph

    class Counts(torch.nn.Module):
        def forward(self, x):
            return (x.long() + 1).float(), x

    with pytest.raises(BundleError, match=r"g\.onnx: TensorRT 8\.5 does not support .*INT64"):
        write_graph(Counts(), {"x": np.ones((1, 4), np.float32)}, ["a", "b"], tmp_path / "g.onnx")
    assert not (tmp_path / "g.onnx").exists()


def test_rewriting_in_opset_17_changes_no_output():
    x = [("x", TensorProto.FLOAT, [2, 6])]
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2, name="halves"),
        helper.make_node("Mul", ["a", "b"], ["c"], name="mul"),
        helper.make_node("ReduceMean", ["c", "axes"], ["m"], keepdims=1, name="mean"),
        helper.make_node("ReduceMax", ["c", "axes"], ["n"], keepdims=1, name="max"),
        helper.make_node("Sub", ["n", "m"], ["y"], name="sub"),
    ]
    model = _graph(nodes, x, [("y", TensorProto.FLOAT, [2, 1])], [axes], opset=18)
    model = onnx.shape_inference.infer_shapes(model)
    inputs = {"x": np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)}
    before = ort.InferenceSession(model.SerializeToString()).run(None, inputs)[0]
    to_opset_17(model)
    onnx.checker.check_model(model, full_check=True)
    assert np.array_equal(
        ort.InferenceSession(model.SerializeToString()).run(None, inputs)[0], before
    )


@pytest.mark.parametrize("name", GRAPHS)
def test_extreme_inputs_stay_finite_in_half_precision(name: str):
    model = _model(name)
    session = ort.InferenceSession(in_fp16(model).SerializeToString())
    answers = [session.run(None, inputs) for inputs in _extreme_inputs(model, name)]
    assert len(answers) >= 3
    for outputs in answers:
        assert all(np.isfinite(one).all() for one in outputs)


@pytest.mark.parametrize("name", GRAPHS)
def test_no_intermediate_sum_exceeds_half_precision(name: str):
    """A kernel may add in half precision, so no intermediate sum may exceed it."""
    model = onnx.shape_inference.infer_shapes(_model(name))
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    sums = [
        n for n in model.graph.node if n.op_type.startswith("Reduce") and n.op_type != "ReduceMax"
    ]
    watched = [node.input[0] for node in sums]
    for tensor in dict.fromkeys(watched):
        model.graph.output.append(helper.make_empty_tensor_value_info(tensor))
    session = ort.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    for inputs in list(_extreme_inputs(model, name))[:3]:
        seen = dict(zip(names, session.run(None, inputs), strict=True))
        for node in sums:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            axes = attributes.get("axes", constants.get((*node.input, "")[1]))
            total = np.abs(seen[node.input[0]]).sum(axis=tuple(int(axis) for axis in axes))
            assert total.max() < LARGEST_HALF, f"{name}: {node.name}"
    assert sums or name != "audio.onnx"


@pytest.mark.parametrize("for_tensorrt", [False, True])
def test_an_8_bit_graph_is_smaller_close_and_supported(for_tensorrt: bool):
    bundle = Bundle.load(default_bundle())
    golden = np.load(bundle.path(bundle.manifest.golden))
    model = _model("audio.onnx")
    items = [{"segment": golden[f"audio/{k}/in/segment"]} for k in range(4)] * 16
    eight = in_int8(model, items, for_tensorrt)
    if for_tensorrt:
        assert [str(one) for one in refused(eight, "8.5")] == []
        points = [t for t in eight.graph.initializer if t.name.endswith("zero_point")]
        assert points and all((numpy_helper.to_array(t) == 0).all() for t in points)
    else:
        assert eight.ByteSize() < 0.4 * model.ByteSize()
    session = ort.InferenceSession(
        eight.SerializeToString(), in_float_sums() if for_tensorrt else None
    )
    answer = session.run(["embedding"], items[0])[0]
    difference = np.abs(answer - golden["audio/0/out/embedding"]).max()
    assert 1e-4 < difference < 0.2  # of embeddings whose deviation is about 1: other, but near


def test_a_small_calibration_set_is_an_error_of_one_sentence():
    items = [{"segment": np.zeros((1, 1, 100, 64), np.float32)}] * (MIN_CALIBRATION - 1)
    with pytest.raises(EngineError, match=r"needs 64 inputs or more, and there are 63: set"):
        in_int8(_model("audio.onnx"), items)
