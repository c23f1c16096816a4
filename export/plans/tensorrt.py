"""Compile a graph with TensorRT's own Python API: needs no torch, so also on a Jetson."""

from __future__ import annotations

from pathlib import Path

from edge.engines import Precision
from edge.engines.tensorrt import plan_key
from edge.engines.tensorrt_build import (
    Build,
    Progress,
    build_plan,
    quiet,
    takes_precision_from_graph,
    tensorrt,
)
from export.plans.compile import Compiler, precision_of


def tensorrt_compiler(
    precision: Precision,
    workspace_mib: int = 512,
    dla: int | None = None,
    timing_cache: Path | None = None,
    progress: Progress = quiet,
) -> Compiler:
    """Raises: EngineError, when TensorRT or a GPU is missing."""
    precision_of("tensorrt", precision, ("fp32", "fp16"))
    trt = tensorrt()
    typed = precision != "fp32" and takes_precision_from_graph(trt)

    def fill(graph: Path, out: Path) -> None:
        content = graph.read_bytes()
        if typed:
            import onnx

            from export.graphs.precision import in_fp16

            content = in_fp16(onnx.load_from_string(content)).SerializeToString()
        build = Build(precision, typed, workspace_mib, dla, timing_cache)
        out.write_bytes(build_plan(trt, content, build, progress))

    return Compiler(key=lambda graph: plan_key(trt, graph, precision, dla), fill=fill)
