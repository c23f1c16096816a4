"""Convert a graph to half precision, or to 8-bit convolutions and matrix products.

TensorRT 11 takes the precision from the graph alone; TensorRT 8.5 and 10 and ONNX Runtime also read
such a graph.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from edge.errors import EngineError

Inputs = dict[str, NDArray[np.generic]]

MIN_CALIBRATION = 64
"""Minimum number of inputs; with fewer, activation ranges miss rare values."""
IN_8_BITS = ("Conv", "Gemm", "MatMul")


def in_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that computes in half precision; inputs and outputs stay float32 and int32."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    half = convert_float_to_float16(_copy(model), keep_io_types=True)
    OnnxModel(half).topological_sort()  # the converter appends the input casts at the end
    onnx.checker.check_model(half)
    return half  # type: ignore[no-any-return]


def sums_saturate() -> bool:
    """Whether 8-bit products lose their largest sums on this processor: x86 without VNNI adds two
    of them in 16 bits. Weights of 7 bits are then right where those of 8 are not."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    try:
        return "vnni" not in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux: 7 bits are right everywhere
        return True


def in_int8(
    model: onnx.ModelProto, calibration: Sequence[Inputs], for_tensorrt: bool = False
) -> onnx.ModelProto:
    """A copy with QuantizeLinear and DequantizeLinear around convolutions and matrix products.

    Args:
        calibration: inputs from the training split, from which the static ranges are computed.
        for_tensorrt: True for symmetric signed 8 bits with weights quantised by the builder, as
            TensorRT's explicit quantisation requires; False for the format that is fastest with
            ONNX Runtime's x86 and ARM kernels.

    Raises:
        EngineError: There are fewer than `MIN_CALIBRATION` inputs.
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
            f"INT8 calibration of {model.graph.name or 'a graph'} needs {MIN_CALIBRATION} inputs"
            f" or more, and there are {len(calibration)}: set CDAT_DATA to the folder of the whole"
            " training data."
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
            reduce_range=not for_tensorrt and sums_saturate(),
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
    for one in others:  # drop domains that no node uses
        quantised.opset_import.remove(one)
    return quantised


def _copy(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


class _Reader:
    """Gives ONNX Runtime's calibration one input after the other, then None."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self._rest: Iterator[Inputs] = iter(inputs)

    def get_next(self) -> Inputs | None:
        return next(self._rest, None)
