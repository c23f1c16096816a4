"""Builds a TensorRT plan from an ONNX graph with TensorRT's own Python API, 8.5 to 11.

Until release 10 the builder takes the precision as a flag; from 11 on it stands in the graph alone
(a strongly typed network). Sources: NVIDIA's Python API reference of releases 8.5, 10.3 and 11.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.engines import Precision
from edge.engines.tensorrt_library import logger, takes_precision_from_graph, told, version
from edge.engines.timing_cache import begin_timing_cache, keep_timing_cache
from edge.errors import EngineError, first_line

Progress = Callable[[str, int, int], None]
"""Called with a phase's name, the steps done and the steps in all. On the building thread."""


def quiet(phase: str, done: int, steps: int) -> None:
    """Progress for nobody."""


@dataclass(frozen=True, slots=True)
class Build:
    """How a plan is built.

    Attributes:
        precision: "fp32"; "fp16" and "int8" use a flag where the release has one.
        typed: The graph itself carries the precision: it is built as it stands.
        workspace_mib: Memory that the builder may give to one layer.
        dla: Core of a Jetson's deep-learning accelerator; what it cannot run, the GPU does.
        timing_cache: File of measured times, so that the next build is short; made if missing.
    """

    precision: Precision = "fp32"
    typed: bool = False
    workspace_mib: int = 512
    dla: int | None = None
    timing_cache: Path | None = None


def build_plan(trt: Any, graph: bytes, build: Build, progress: Progress = quiet) -> bytes:
    """The plan of an ONNX graph, for the GPU of this machine. Takes seconds to minutes.

    Raises:
        EngineError: The graph, the precision or the accelerator is not supported; a timing cache
            cannot be written.
    """
    log = logger(trt)
    try:
        return _build(trt, log, graph, build, progress)
    except EngineError:
        raise
    except Exception as error:  # its bindings raise TypeError and RuntimeError
        raise EngineError(
            f"TensorRT {trt.__version__} cannot build the graph ({first_line(error)}): {told(log)}"
        ) from error


def _build(trt: Any, log: Any, graph: bytes, build: Build, progress: Progress) -> bytes:
    builder = trt.Builder(log)
    network = builder.create_network(_network_flags(trt, build))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(graph):
        raise EngineError(
            f"TensorRT {trt.__version__} cannot read the graph: {_parse_error(parser)}"
        )
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, build.workspace_mib * 2**20)
    # TF32 keeps 10 bits of a float32's 23: an fp32 plan would differ by 1e-3.
    config.clear_flag(trt.BuilderFlag.TF32)
    _set_precision(trt, builder, config, build)
    if build.dla is not None:
        _use_dla(trt, builder, config, build.dla, build.precision)
    cache = begin_timing_cache(config, build.timing_cache)
    monitor = _monitor(trt, progress)
    if monitor is not None:
        config.progress_monitor = monitor
    apart = _without_other_libraries(trt, config, True)
    plan = builder.build_serialized_network(network, config)
    if plan is None and apart:
        log.errors.clear()  # the second attempt's are the reason
        _without_other_libraries(trt, config, False)
        plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"TensorRT {trt.__version__} cannot build the graph: {told(log)}")
    if cache is not None and build.timing_cache is not None:
        keep_timing_cache(config, build.timing_cache)
    return bytes(memoryview(plan))


def _network_flags(trt: Any, build: Build) -> int:
    flags, known = 0, trt.NetworkDefinitionCreationFlag
    if version(trt)[0] < 10:
        flags |= 1 << int(known.EXPLICIT_BATCH)
    if build.typed or takes_precision_from_graph(trt):
        if not hasattr(known, "STRONGLY_TYPED"):
            raise EngineError(
                f"TensorRT {trt.__version__} takes the precision as a flag: give the graph in fp32."
            )
        flags |= 1 << int(known.STRONGLY_TYPED)
    return flags


def _set_precision(trt: Any, builder: Any, config: Any, build: Build) -> None:
    if build.precision == "fp32" or build.typed:
        return
    if takes_precision_from_graph(trt):
        raise EngineError(
            f"TensorRT {trt.__version__} takes the precision from the graph: compile with"
            " `cdat-export compile`, which writes one."
        )
    name = build.precision
    if not getattr(builder, f"platform_has_fast_{name}"):
        raise EngineError(f"This GPU has no fast {name} arithmetic: set engine.precision to fp32.")
    config.set_flag(getattr(trt.BuilderFlag, name.upper()))


def _without_other_libraries(trt: Any, config: Any, without: bool) -> bool:
    """Keep cuBLAS and cuDNN out, if this release has a choice (8.5 and 8.6).

    They are 1.5 GB of libraries. Convolutions need neither; for other layers 8.5 knows no other
    way (measured on an H200: it then builds the two encoders of convolutions alone).
    """
    features = getattr(trt, "PreviewFeature", None)
    feature = getattr(features, "DISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805", None)
    if feature is None:
        return False
    config.set_preview_feature(feature, without)
    return True


def _use_dla(trt: Any, builder: Any, config: Any, core: int, precision: Precision) -> None:
    if core not in range(builder.num_DLA_cores):
        raise EngineError(
            f"There is no DLA core {core}: this machine has {builder.num_DLA_cores}; compile for"
            " the GPU."
        )
    if precision == "fp32":
        raise EngineError(
            f"DLA core {core} cannot calculate in fp32: compile for it with"
            f" `cdat-export compile --engine tensorrt --precision fp16 --dla {core}`, and set"
            " engine.precision to fp16."
        )
    config.default_device_type = trt.DeviceType.DLA
    config.DLA_core = core
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)


def _monitor(trt: Any, progress: Progress) -> Any:
    """TensorRT's progress monitor; None where the release has none: 8.5 has not, 10 has."""
    if not hasattr(trt, "IProgressMonitor"):
        return None

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = num_steps
            progress(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            return True

        def phase_finish(self, phase_name: str) -> None:
            steps = self._steps.pop(phase_name, 1)
            progress(phase_name, steps, steps)

    return Monitor()


def _parse_error(parser: Any) -> str:
    if not parser.num_errors:
        return "it gives no reason."
    error = parser.get_error(0)
    return f"{' '.join(error.desc().split())[:300]} (node {error.node()})."
