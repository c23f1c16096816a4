"""Compile a graph with TensorRT's own Python API: needs no torch, so also on a Jetson."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.engines import Precision
from edge.engines.tensorrt import plan_key
from edge.engines.tensorrt_build import Build, Progress, build_plan, quiet
from edge.engines.tensorrt_library import takes_precision_from_graph, tensorrt
from export.plans.compiler import Compiler


def tensorrt_compiler(
    precision: Precision,
    calibration: Mapping[str, Any],
    workspace_mib: int = 512,
    dla: int | None = None,
    timing_cache: Path | None = None,
    progress: Progress = quiet,
) -> Compiler:
    """A compiler for the GPU of this machine.

    Args:
        calibration: For INT8. FP16 needs none.
        workspace_mib, dla, timing_cache, progress: See `edge.engines.tensorrt_build.Build`.

    Raises:
        EngineError: TensorRT or a GPU is missing.
    """
    trt = tensorrt()
    in_graph = precision == "int8" or (precision == "fp16" and takes_precision_from_graph(trt))

    def fill(graph: Path, out: Path) -> None:
        content = graph.read_bytes()
        if in_graph:
            from export.plans.onnxruntime import reduced  # onnx is not on every Jetson

            content = reduced(graph, precision, dict(calibration), True).SerializeToString()
        typed = in_graph and takes_precision_from_graph(trt)
        build = Build(precision, typed, workspace_mib, dla, timing_cache)
        out.write_bytes(build_plan(trt, content, build, progress))

    return Compiler(key=lambda graph: plan_key(trt, graph, precision, dla), fill=fill)
