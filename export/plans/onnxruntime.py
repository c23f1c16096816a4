"""A graph in FP16 or INT8 for ONNX Runtime, which runs graphs as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx

from edge.engines import Precision
from edge.engines.onnxruntime import plan_key
from export.graphs.precision import Inputs, in_fp16, in_int8
from export.plans.compiler import Compiler

Calibration = dict[str, list[Inputs]]
"""Real inputs by graph; empty for FP16."""


def onnxruntime_compiler(precision: Precision, calibration: Calibration) -> Compiler:
    """Raises (when it fills): EngineError, when `calibration` has too few inputs for INT8."""

    def fill(graph: Path, out: Path) -> None:
        if precision == "fp32":
            shutil.copyfile(graph, out)
            return
        onnx.save(reduced(graph, precision, calibration), out)

    return Compiler(key=lambda graph: plan_key(graph, precision), fill=fill)


def reduced(
    graph: Path, precision: Precision, calibration: Calibration, for_tensorrt: bool = False
) -> onnx.ModelProto:
    """The graph in FP16 or INT8. Raises: EngineError, as `in_int8`."""
    model = onnx.load(graph)
    model.graph.name = graph.stem  # torch calls every graph main_graph; an error names it
    if precision == "fp16":
        return in_fp16(model)
    return in_int8(model, calibration.get(graph.stem, []), for_tensorrt)
