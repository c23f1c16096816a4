"""Inductor: runs the package that torch compiled ahead of time from a graph (AOTInductor).

The one module of `edge` that uses torch; it is imported when the engine is opened, and torch with
it. On a GPU a pass is captured once and replayed as a CUDA graph.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.digest import sha256_of
from edge.engines import Arrays, EngineOptions, GraphSpec, Precision, TensorSpec, zeros
from edge.engines.cuda import driver_identity
from edge.engines.plan_key import PlanKey
from edge.engines.plan_spec import spec_of
from edge.engines.plans import Plans
from edge.engines.processor import cpu_identity
from edge.errors import EngineError, first_line

NAME = "inductor"


def load_torch() -> Any:
    """Raises: EngineError, when torch is not installed."""
    try:
        return import_module("torch")
    except ImportError:
        raise EngineError(
            "The engine inductor needs the package torch: pip install 'cdat-edge[export]'."
        ) from None


def device_of(torch: Any, device: str) -> str:
    """ "cpu" or "cuda", for `engine.device`.

    Raises:
        EngineError: It is another one, or torch sees no GPU.
    """
    there = bool(torch.cuda.is_available())
    if device == "auto":
        return "cuda" if there else "cpu"
    if device not in ("cpu", "cuda"):
        raise EngineError(f"engine.device is {device!r}; Inductor needs auto, cpu or cuda.")
    if device == "cuda" and not there:
        raise EngineError(
            "engine.device is cuda, and torch sees no GPU: install a CUDA build of torch, or set"
            " engine.device to cpu."
        )
    return device


def plan_key(torch: Any, graph: Path, precision: Precision, device: str) -> PlanKey:
    """Of the package of `graph` for this machine's processor or GPU.

    Both hold C++ that torch compiles with -march=native, so both depend on the processor.
    """
    here = {"torch": str(torch.__version__), "device": device} | cpu_identity()
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        here |= {"GPU": str(card.name), "compute capability": f"{card.major}.{card.minor}"}
        here |= {"CUDA": str(torch.version.cuda)} | driver_identity()
    else:
        here["instructions"] = str(torch.backends.cpu.get_cpu_capability())
    return PlanKey(NAME, graph.stem, sha256_of(graph), precision, ".pt2", here)


class InductorEngine:
    """One compiled package. `cdat-export compile` makes it."""

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        """Load the package of `graph`.

        Raises:
            PlanError: It was not compiled for this machine, or was damaged.
            EngineError: torch or a GPU is missing, or the package cannot be loaded.
        """
        self._torch = torch = load_torch()
        where = device_of(torch, options.device)
        key = plan_key(torch, graph, options.precision, where)
        plans = Plans(options.cache)
        package = plans.find(key)
        self.spec = spec_of(plans.facts(key).get("spec"), package)
        self.held = plans.held(key)
        """The precision of the graph in the package."""
        torch.set_num_threads(options.threads)
        try:
            self._call = torch._inductor.aoti_load_package(str(package), run_single_threaded=True)
            self._replay = CapturedPass(torch, self._call, self.spec) if where == "cuda" else None
        except Exception as error:  # torch raises RuntimeError and others
            raise EngineError(f"Inductor cannot load {package}: {first_line(error)}") from error
        self.device = f"inductor {where} {options.precision}"

    @staticmethod
    def why_not(graph: Path, options: EngineOptions) -> str | None:
        """Why it cannot run `graph` here; None when it can."""
        plans = Plans(options.cache)
        # torch takes seconds to import: not where no plan can be found anyway.
        if not any(plans.folder.glob(f"{graph.stem}-{NAME}-{options.precision}-*.pt2")):
            return (
                f"There is no {options.precision} plan of {graph.stem} for {NAME} in"
                f" {plans.folder}: compile one with `cdat-export compile`."
            )
        try:
            torch = load_torch()
            where = device_of(torch, options.device)
            plans.find(plan_key(torch, graph, options.precision, where))
        except EngineError as error:
            return str(error)
        return None

    def warm_up(self) -> None:
        self.run(zeros(self.spec.inputs))

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        # torch warns of an array that cannot be written, such as one of a recording.
        writable = (np.require(arrays[name], requirements="W") for name in self.spec.inputs)
        given = [self._torch.from_numpy(array) for array in writable]
        try:
            made = self._call(*given) if self._replay is None else self._replay(given)
            return {
                name: np.array(value.numpy(), np.float32)
                for name, value in zip(self.spec.outputs, made, strict=True)
            }
        except Exception as error:  # as above
            raise EngineError(f"Inductor failed: {first_line(error)}") from error

    def close(self) -> None:
        self._call = self._replay = None


class CapturedPass:
    """A pass on fixed tensors as one CUDA graph; page-locked memory on the side of the processor.

    `call` takes and returns tensors on the GPU. One thread at a time.
    """

    def __init__(self, torch: Any, call: Any, spec: GraphSpec) -> None:
        def on_host(tensor: TensorSpec) -> Any:
            return torch.zeros(tensor.shape, dtype=getattr(torch, tensor.dtype), pin_memory=True)

        self._torch = torch
        self._stream = torch.cuda.Stream()
        self._hosts = [on_host(tensor) for tensor in spec.inputs.values()]
        self._results = [on_host(tensor) for tensor in spec.outputs.values()]
        on_gpu = [host.cuda() for host in self._hosts]

        def one_pass() -> None:
            for host, there in zip(self._hosts, on_gpu, strict=True):
                there.copy_(host, non_blocking=True)
            for result, value in zip(self._results, call(*on_gpu), strict=True):
                result.copy_(value, non_blocking=True)

        with torch.cuda.stream(self._stream):
            for _ in range(3):  # the first passes load kernels, which cannot be captured
                one_pass()
            self._stream.synchronize()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, stream=self._stream):
                one_pass()

    def __call__(self, given: list[Any]) -> list[Any]:
        for host, value in zip(self._hosts, given, strict=True):
            host.copy_(value)
        with self._torch.cuda.stream(self._stream):
            self._graph.replay()
        self._stream.synchronize()
        return self._results
