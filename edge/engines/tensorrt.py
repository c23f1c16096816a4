"""TensorRT: runs the plan that was compiled from a graph, as one CUDA graph on its own stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.digest import sha256_of
from edge.engines import Arrays, EngineOptions, GraphSpec, Precision, TensorSpec, shown, zeros
from edge.engines.captured_pass import CapturedPass
from edge.engines.cuda import cuda, gpu_identity
from edge.engines.plan_key import PlanKey
from edge.engines.plan_spec import spec_of
from edge.engines.plans import Plans
from edge.engines.tensorrt_build import Build, build_plan
from edge.engines.tensorrt_library import logger, tensorrt, told
from edge.errors import EngineError, PlanError

NAME = "tensorrt"
_DLA_CORES = ("dla0", "dla1")
_DTYPES = {"FLOAT": "float32", "INT32": "int32"}


def plan_key(trt: Any, graph: Path, precision: Precision, dla: int | None = None) -> PlanKey:
    """Of the plan of `graph` on this machine; `dla` is a core of a Jetson's accelerator.

    Raises:
        EngineError: There is no GPU.
    """
    here = gpu_identity() | {"TensorRT": str(trt.__version__)}
    if dla is not None:
        here["DLA core"] = str(dla)
    return PlanKey(NAME, graph.stem, sha256_of(graph), precision, ".plan", here)


def dla_core(device: str) -> int | None:
    """The DLA core of `engine.device`; None for the GPU.

    Raises:
        EngineError: TensorRT has no such device.
    """
    if device in ("auto", "cuda"):
        return None
    if device in _DLA_CORES:
        return _DLA_CORES.index(device)
    raise EngineError(
        f"engine.device is {device!r}; TensorRT needs auto, cuda or, on a Jetson,"
        f" {' or '.join(_DLA_CORES)}."
    )


class TensorRtEngine:
    """One plan. It is compiled by `cdat-export compile`, or while another engine serves."""

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        """Load the plan of `graph`, reserve its memory and capture its CUDA graph.

        Raises:
            PlanError: It was not compiled on this machine, or was damaged.
            EngineError: TensorRT, its libraries or a GPU are missing, or the plan cannot be loaded.
        """
        dla = dla_core(options.device)
        trt = tensorrt()
        plans, key = Plans(options.cache), plan_key(trt, graph, options.precision, dla)
        plan = plans.find(key)
        log, facts = logger(trt), plans.facts(key)
        # A graph that was not better on the accelerator stays in fp32: its plan is the GPU's.
        self.held = plans.held(key)
        """The precision of the graph in the plan."""
        core = None if self.held == "fp32" else dla
        self._runtime, self._plan = load_plan(trt, plan.read_bytes(), core, log)
        if self._plan is None:
            raise PlanError(
                f"TensorRT {trt.__version__} cannot load the plan {plan} ({told(log)}):"
                " compile it again with `cdat-export compile`."
            )
        own = spec_of_plan(trt, self._plan)
        self.spec = _named(own, facts.get("spec"), plan)
        names = zip(
            [*self.spec.inputs, *self.spec.outputs], [*own.inputs, *own.outputs], strict=True
        )
        self._own_name = dict(names)
        self._context = self._plan.create_execution_context()
        if self._context is None:
            raise EngineError(f"TensorRT cannot make a context for {plan.name}: {told(log)}")
        self._log = log
        self._pass = CapturedPass(cuda(), self.spec.inputs, self.spec.outputs, self._enqueue)
        self.device = f"tensorrt {trt.__version__} {options.precision}"

    @staticmethod
    def why_not(graph: Path, options: EngineOptions) -> str | None:
        """Why it cannot run `graph` here; None when it can."""
        try:
            dla = dla_core(options.device)
            Plans(options.cache).find(plan_key(tensorrt(), graph, options.precision, dla))
        except EngineError as error:
            return str(error)
        return None

    @staticmethod
    def build(graph: Path, options: EngineOptions) -> None:
        """Compile the fp32 plan of `graph`, unless another process has meanwhile. Takes minutes.

        Raises:
            EngineError: It cannot be compiled, or not be written.
        """
        dla = dla_core(options.device)
        trt, plans = tensorrt(), Plans(options.cache)
        key = plan_key(trt, graph, options.precision, dla)
        with plans.locked(key):
            try:
                plans.find(key)
            except PlanError:
                timing = plans.folder / "tensorrt-timing.cache"
                build = Build(options.precision, dla=dla, timing_cache=timing)
                plan = build_plan(trt, graph.read_bytes(), build)
                plans.write(key, lambda out: _write(out, plan), {})

    @staticmethod
    def discard(graph: Path, options: EngineOptions) -> None:
        """Remove the plan of `graph` that `build` made, and that is wrong.

        Raises:
            EngineError: It cannot be removed.
        """
        dla = dla_core(options.device)
        Plans(options.cache).remove(plan_key(tensorrt(), graph, options.precision, dla))

    def warm_up(self) -> None:
        self.run(zeros(self.spec.inputs))

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        return self._pass.run(arrays)

    def close(self) -> None:
        self._pass.free()
        self._context = self._plan = self._runtime = None

    def _enqueue(self, addresses: Any, stream: Any) -> None:
        for name, address in addresses.items():
            if not self._context.set_tensor_address(self._own_name[name], address):
                raise EngineError(f"TensorRT refuses the memory of {name}: {told(self._log)}")
        if not self._context.execute_async_v3(int(stream)):
            raise EngineError(f"TensorRT failed: {told(self._log)}")


def _named(own: GraphSpec, facts: Any, plan: Path) -> GraphSpec:
    """The plan's tensors by the graph's names: Torch-TensorRT gives them names of its own, in the
    graph's order.

    Raises:
        PlanError: They are not the graph's.
    """
    if facts is None:
        return own
    named = spec_of(facts, plan)
    for ours, theirs in ((named.inputs, own.inputs), (named.outputs, own.outputs)):
        if list(ours.values()) != list(theirs.values()):
            raise PlanError(
                f"The plan {plan} has the tensors {shown(theirs)}, and the graph {shown(ours)}:"
                " compile it again with `cdat-export compile`."
            )
    return named


def _write(file: Path, plan: bytes) -> None:
    file.write_bytes(plan)


def load_plan(trt: Any, content: bytes, dla: int | None, log: Any) -> tuple[Any, Any]:
    """The runtime, which must live as long as the plan, and the plan.

    The plan is None, and `log` says why, when TensorRT cannot load it on this machine.
    """
    runtime = trt.Runtime(log)
    if dla is not None:
        runtime.DLA_core = dla
    return runtime, runtime.deserialize_cuda_engine(content)


def spec_of_plan(trt: Any, plan: Any) -> GraphSpec:
    """What a loaded plan takes and returns, by its own names."""
    inputs: dict[str, TensorSpec] = {}
    outputs: dict[str, TensorSpec] = {}
    for k in range(plan.num_io_tensors):
        name = plan.get_tensor_name(k)
        dtype = plan.get_tensor_dtype(name).name
        spec = TensorSpec(tuple(plan.get_tensor_shape(name)), _DTYPES.get(dtype, dtype.lower()))
        is_input = plan.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        (inputs if is_input else outputs)[name] = spec
    return GraphSpec(inputs, outputs)
