"""The same graph in half precision, or with its products in 8 bits: precision lives in the graph.

TensorRT 11 takes it from there alone; TensorRT 8.5 and 10 and ONNX Runtime take such a graph, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from edge.errors import EngineError

Inputs = dict[str, NDArray[np.generic]]

MIN_CALIBRATION = 64
"""Of inputs a graph; activation ranges of fewer leave out what is rare."""
IN_8_BITS = ("Conv", "Gemm", "MatMul")


def in_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that computes in half precision; its border stays float32 and int32."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    half = convert_float_to_float16(_copy(model), keep_io_types=True)
    OnnxModel(half).topological_sort()  # the casts at the border are appended at the end
    onnx.checker.check_model(half)
    return half  # type: ignore[no-any-return]


def in_int8(
    model: onnx.ModelProto, calibration: Sequence[Inputs], for_tensorrt: bool = False
) -> onnx.ModelProto:
    """A copy whose convolutions and products are between QuantizeLinear and DequantizeLinear.

    Args:
        calibration: real inputs of the training split; static ranges come of them.
        for_tensorrt: symmetric in signed 8 bits, weights quantised by the builder, as TensorRT's
            explicit quantisation wants it; else as ONNX Runtime's x86 and ARM kernels are fastest.

    Raises:
        EngineError: Too few inputs to calibrate on.
    """
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quant_pre_process,
        quantize_static,
    )

    if len(calibration) < MIN_CALIBRATION:
        raise EngineError(
            f"INT8 needs {MIN_CALIBRATION} inputs or more to calibrate"
            f" {model.graph.name or 'a graph'} on, and there are {len(calibration)}:"
            " point CDAT_DATA at the whole training data."
        )
    with tempfile.TemporaryDirectory() as folder:
        before, prepared, after = (Path(folder) / f"{name}.onnx" for name in ("a", "b", "c"))
        onnx.save(model, before)
        quant_pre_process(str(before), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(after),
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(IN_8_BITS),
            per_channel=True,
            activation_type=QuantType.QInt8 if for_tensorrt else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": for_tensorrt,
                "WeightSymmetric": True,
                "AddQDQPairToWeight": for_tensorrt,
                "QuantizeBias": not for_tensorrt,
            },
        )
        quantised = onnx.load(after)
    del quantised.metadata_props[:]
    others = [one for one in quantised.opset_import if one.domain]
    for one in others:  # domains that no node is of
        quantised.opset_import.remove(one)
    return quantised


def _copy(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


class _Reader:
    """What ONNX Runtime's calibration reads: one input after the other, then None."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self._rest: Iterator[Inputs] = iter(inputs)

    def get_next(self) -> Inputs | None:
        return next(self._rest, None)
