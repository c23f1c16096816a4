"""The compiler of each engine, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.engines import EngineOptions
from edge.engines.tensorrt_build import Progress, quiet
from export.commands.options import needs
from export.plans.compiler import Compiler


@dataclass(frozen=True)
class BuildOptions:
    """TensorRT's own options; see `edge.engines.tensorrt_build.Build`."""

    workspace_mib: int = 512
    dla: int | None = None
    timing_cache: Path | None = None
    progress: Progress = quiet
    networks: Callable[[], dict[str, Any]] | None = None
    """Reads a run's networks by graph, to be compiled with Torch-TensorRT in place of ONNX."""


def compiler_of(
    engine: str,
    options: EngineOptions,
    build: BuildOptions,
    calibration: Callable[[], dict[str, Any]],
) -> Compiler:
    """Makes the plans of an engine.

    Args:
        calibration: Reads real inputs by graph; called for INT8 alone.

    Raises:
        EdgeError: A package, a library or a GPU is missing, or there is no such precision.
    """
    if engine == "inductor":
        with needs("Inductor", "export"):
            from export.plans.inductor import inductor_compiler
        return inductor_compiler(options.precision, options.device)
    if engine == "tensorrt" and build.networks is not None:
        with needs("Torch-TensorRT", "export,train"):
            from export.plans.torch_tensorrt import torch_tensorrt_compiler
        return torch_tensorrt_compiler(build.networks(), options.precision, build.workspace_mib)
    inputs = calibration() if options.precision == "int8" else {}
    if engine == "tensorrt":
        with needs("Compiling for TensorRT", "export"):
            from export.plans.tensorrt import tensorrt_compiler
        return tensorrt_compiler(
            options.precision,
            inputs,
            build.workspace_mib,
            build.dla,
            build.timing_cache,
            build.progress,
        )
    with needs("Compiling for ONNX Runtime", "export"):
        from export.plans.onnxruntime import onnxruntime_compiler
    return onnxruntime_compiler(options.precision, inputs)
