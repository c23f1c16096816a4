"""Convert MediaPipe's face detector to the ONNX graph that the runtime ships.

The runtime uses the weights of BlazeFace (Bazarevsky et al. 2019) without the package MediaPipe,
which takes 400 MiB with its dependencies and reports its use over the network. This module converts
the .tflite file that MediaPipe publishes, operator by operator, and can compare the two detectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.errors import EdgeError, EngineError
from edge.types import Float
from export.graphs.whole_blocks import in_whole_blocks

_DTYPES: dict[int, Any] = {0: np.float32, 1: np.float16, 2: np.int32}
_OUTPUTS: dict[tuple[int, ...], str] = {(1, 896, 1): "scores", (1, 896, 16): "boxes"}


class Converter:
    """Converts the operators of a .tflite graph in order; weights stay in half precision."""

    def __init__(self, model: Any) -> None:
        """`model`: the file as read by MediaPipe's flatbuffer classes."""
        self._model, self._graph = model, model.subgraphs[0]
        self._half: dict[int, NDArray[Any]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def convert(self) -> onnx.ModelProto:
        """A graph with the input `input` (1, 3, 128, 128) in -1..1 and the outputs `boxes`
        (1, 896, 16) and `scores` (1, 896, 1), which are logits.

        Raises:
            EngineError: The file holds an operator that BlazeFace does not have.
        """
        for operator in self._graph.operators:
            kind = self._kind(operator)
            if kind not in _CONVERT:
                raise EngineError(f"BlazeFace has no operator {kind}: give MediaPipe's file.")
            _CONVERT[kind](self, operator)
        graph = helper.make_graph(
            self._nodes,
            "blaze_face_short_range",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 128, 128])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
                for shape, name in sorted(_OUTPUTS.items(), key=lambda pair: pair[1])
            ],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _kind(self, operator: Any) -> str:
        from mediapipe.tasks.metadata import schema_py_generated as schema

        code = self._model.operatorCodes[operator.opcodeIndex]
        names = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
        return str(names[max(code.builtinCode, code.deprecatedBuiltinCode)])

    def _constant(self, index: int) -> NDArray[Any]:
        tensor = self._graph.tensors[index]
        data = bytes(self._model.buffers[tensor.buffer].data)
        return np.frombuffer(data, _DTYPES[tensor.type]).reshape(tensor.shape)

    def _name(self, index: int) -> str:
        if index == self._graph.inputs[0]:
            return "input"
        shape = tuple(int(n) for n in self._graph.tensors[index].shape)
        return _OUTPUTS[shape] if index in self._graph.outputs else f"t{index}"

    def _weight(self, name: str, values: NDArray[Any]) -> str:
        half = np.ascontiguousarray(values.astype(np.float16))
        self._weights.append(numpy_helper.from_array(half, name))
        self._nodes.append(helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT))
        return f"{name}_f"

    def _add(self, kind: str, inputs: Iterable[str], operator: Any, **attributes: Any) -> None:
        out = self._name(operator.outputs[0])
        self._nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))

    def _dequantize(self, operator: Any) -> None:
        self._half[operator.outputs[0]] = self._constant(operator.inputs[0])

    def _convolution(self, operator: Any) -> None:
        source, weight, bias = operator.inputs
        values, options = self._half[weight], operator.builtinOptions
        depthwise = self._kind(operator) == "DEPTHWISE_CONV_2D"
        values = values.transpose(3, 0, 1, 2) if depthwise else values.transpose(0, 3, 1, 2)
        size, side = values.shape[2], self._graph.tensors[source].shape[1]
        before, after = (0, 0) if options.padding == 1 else _same_padding(side, size, options)
        self._add(
            "Conv",
            [
                self._name(source),
                self._weight(f"w{weight}", values),
                self._weight(f"w{bias}", self._half[bias]),
            ],
            operator,
            strides=[options.strideH, options.strideW],
            pads=[before, before, after, after],
            group=int(values.shape[0]) if depthwise else 1,
            kernel_shape=list(values.shape[2:]),
        )

    def _relu(self, operator: Any) -> None:
        self._add("Relu", [self._name(operator.inputs[0])], operator)

    def _sum(self, operator: Any) -> None:
        self._add("Add", [self._name(i) for i in operator.inputs], operator)

    def _pad(self, operator: Any) -> None:
        amounts = self._constant(operator.inputs[1])[[0, 3, 1, 2]]
        name = f"p{operator.outputs[0]}"
        flat = np.concatenate([amounts[:, 0], amounts[:, 1]]).astype(np.int64)
        self._weights.append(numpy_helper.from_array(flat, name))
        self._add("Pad", [self._name(operator.inputs[0]), name], operator)

    def _max_pool(self, operator: Any) -> None:
        source = self._name(operator.inputs[0])
        self._add("MaxPool", [source], operator, kernel_shape=[2, 2], strides=[2, 2])

    def _reshape(self, operator: Any) -> None:
        """The file stores channels last."""
        out = operator.outputs[0]
        source = self._name(operator.inputs[0])
        self._nodes.append(helper.make_node("Transpose", [source], [f"r{out}"], perm=[0, 2, 3, 1]))
        shape = operator.builtinOptions.newShape.astype(np.int64)
        self._weights.append(numpy_helper.from_array(shape, f"s{out}"))
        self._add("Reshape", [f"r{out}", f"s{out}"], operator)

    def _concatenate(self, operator: Any) -> None:
        self._add("Concat", [self._name(i) for i in operator.inputs], operator, axis=1)


_CONVERT: dict[str, Any] = {
    "DEQUANTIZE": Converter._dequantize,
    "CONV_2D": Converter._convolution,
    "DEPTHWISE_CONV_2D": Converter._convolution,
    "RELU": Converter._relu,
    "ADD": Converter._sum,
    "PAD": Converter._pad,
    "MAX_POOL_2D": Converter._max_pool,
    "RESHAPE": Converter._reshape,
    "CONCATENATION": Converter._concatenate,
}


def convert(tflite: Path) -> onnx.ModelProto:
    """The graph of MediaPipe's `blaze_face_short_range.tflite`.

    Raises:
        EdgeError: MediaPipe, whose flatbuffer classes read the file, is not installed.
        EngineError: The file is not this detector.
    """
    try:
        from mediapipe.tasks.metadata import schema_py_generated as schema
    except ImportError as error:
        raise EdgeError(
            "Reading a .tflite file needs MediaPipe: run pip install 'cdat-edge[mediapipe]'"
            " in a separate environment."
        ) from error
    try:
        root = schema.Model.GetRootAs(tflite.read_bytes(), 0)
        return in_whole_blocks(Converter(schema.ModelT.InitFromObj(root)).convert())
    except (OSError, KeyError, IndexError, ValueError, TypeError) as error:
        raise EngineError(f"{tflite} is not MediaPipe's face detector ({error}).") from error


def key_points_by_mediapipe(tflite: Path, rgb: NDArray[np.uint8]) -> Float | None:
    """MediaPipe's four key points (4, 2), in pixels, of the face with the highest score; None if
    MediaPipe finds no face."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions

    options = FaceDetectorOptions(base_options=BaseOptions(model_asset_path=str(tflite)))
    with FaceDetector.create_from_options(options) as detector:
        found = detector.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, rgb)).detections
    if not found:
        return None
    best = max(found, key=lambda one: one.categories[0].score)
    points = [(p.x * rgb.shape[1], p.y * rgb.shape[0]) for p in best.keypoints[:4]]
    return np.array(points, np.float32)


def _same_padding(side: int, size: int, options: Any) -> tuple[int, int]:
    """Padding (before, after) as TensorFlow's SAME: an odd pixel goes after."""
    out = -(-side // options.strideH)
    total = max((out - 1) * options.strideH + size - side, 0)
    return total // 2, total - total // 2
