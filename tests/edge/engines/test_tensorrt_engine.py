"""The TensorRT engine: one CUDA graph if it can be, all freed at the end, faults one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fixtures.cuda_stand_in import Cuda
from fixtures.cuda_types import Status
from fixtures.nvidia import keep_plan
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import EngineOptions
from edge.engines.tensorrt import TensorRtEngine, plan_key
from edge.engines.tensorrt_build import Build, build_plan
from edge.errors import EngineError, PlanError

BUNDLE = Bundle.load(default_bundle())
GOLDEN = read_golden(BUNDLE)
GRAPH = BUNDLE.graphs["text"]
CASE: Any = GOLDEN["text"][0]


@pytest.fixture
def opened(install: Callable[[str], Any], tmp_path: Path) -> Callable[[], TensorRtEngine]:
    """Opens the engine, whose plan is there."""
    trt = install("10.3")
    keep_plan(tmp_path, plan_key(trt, GRAPH, "fp32"), build_plan(trt, GRAPH.read_bytes(), Build()))
    return lambda: TensorRtEngine(GRAPH, EngineOptions(cache=tmp_path))


def refusal(opened: Callable[[], TensorRtEngine]) -> str:
    with pytest.raises(EngineError) as error:
        opened()
    said = str(error.value)
    assert "\n" not in said
    return said


def test_passes_are_replayed_as_one_cuda_graph(
    opened: Callable[[], TensorRtEngine], cuda: Cuda
) -> None:
    engine = opened()
    engine.warm_up()
    check_golden(BUNDLE, "text", engine, GOLDEN)
    assert cuda.calls["cudaGraphLaunch"] == 1 + len(GOLDEN["text"])
    assert cuda.calls["cudaMemcpyAsync"] == 6  # a first pass and the capture: nothing at a replay
    engine.close()
    engine.close()


@pytest.mark.parametrize("call", ["", "cudaStreamBeginCapture", "cudaGraphInstantiate"])
def test_a_network_that_cannot_be_captured_is_launched(
    opened: Callable[[], TensorRtEngine], cuda: Cuda, gpu: Gpu, call: str
) -> None:
    gpu.captures = bool(call)
    if call:
        cuda.fail(call, Status.cudaErrorStreamCaptureUnsupported)
    engine = opened()
    check_golden(BUNDLE, "text", engine, GOLDEN)
    assert cuda.calls["cudaGraphLaunch"] == 0
    engine.close()


def test_outputs_are_the_callers_own(opened: Callable[[], TensorRtEngine]) -> None:
    engine = opened()
    first = engine.run(CASE.inputs)
    kept = {name: value.copy() for name, value in first.items()}
    engine.warm_up()
    engine.close()
    for name, value in first.items():
        assert value.dtype == np.float32 and np.array_equal(value, kept[name])
    with pytest.raises(EngineError, match=r"^The network was closed\.$"):
        engine.run(CASE.inputs)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        *((name, at) for name in ("cudaMalloc", "cudaMallocHost") for at in (1, 2, 3)),
        ("cudaStreamCreateWithFlags", 1),
        ("cudaStreamSynchronize", 1),
        ("cudaMemcpyAsync", 1),
    ],
)
def test_what_fails_at_the_start_leaves_nothing_on_the_gpu(
    opened: Callable[[], TensorRtEngine], cuda: Cuda, name: str, at: int
) -> None:
    """The fixture fails where anything is left."""
    cuda.fail(name, Status.cudaErrorMemoryAllocation, at)
    assert refusal(opened) == "CUDA says cudaErrorMemoryAllocation."
    assert cuda.calls[name] >= at


@pytest.mark.parametrize("name", ["cudaGraphLaunch", "cudaStreamSynchronize"])
def test_a_pass_that_fails_is_an_error_and_the_engine_can_be_closed(
    opened: Callable[[], TensorRtEngine], cuda: Cuda, name: str
) -> None:
    engine = opened()
    cuda.fail(name, Status.cudaErrorLaunchFailure)
    with pytest.raises(EngineError, match=r"^CUDA says cudaErrorLaunchFailure\.$"):
        engine.run(CASE.inputs)
    engine.close()


def test_a_context_or_pass_that_fails_says_why(
    opened: Callable[[], TensorRtEngine], gpu: Gpu
) -> None:
    gpu.starts = False
    assert refusal(opened) == "TensorRT failed: the pass cannot be started"
    gpu.has_context = False
    assert refusal(opened).endswith("no memory for the context")


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "input words is missing"),
        ({"words": np.zeros((1, 1, 8), np.int32)}, r"words is \[1, 1, 8\] int32, and the network"),
        ({"words": np.zeros((1, 40, 8), np.int64)}, "words is .* int64"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    opened: Callable[[], TensorRtEngine], inputs: Any, says: str
) -> None:
    engine = opened()
    with pytest.raises(EngineError, match=says):
        engine.run(inputs)
    engine.close()


def test_a_plan_that_tensorrt_cannot_load_says_why(
    install: Callable[[str], Any], tmp_path: Path
) -> None:
    """Kept under the right name, and yet of another release."""
    plan = build_plan(install("10.3"), GRAPH.read_bytes(), Build())
    keep_plan(tmp_path, plan_key(install("11.1"), GRAPH, "fp32"), plan)
    with pytest.raises(PlanError) as error:
        TensorRtEngine(GRAPH, EngineOptions(cache=tmp_path))
    said = str(error.value)
    assert said.startswith("TensorRT 11.1.0 cannot load the plan") and "got 10.3.0" in said


def test_without_a_gpu_it_says_so(opened: Callable[[], TensorRtEngine], cuda: Cuda) -> None:
    cuda.fail("cudaGetDeviceCount", Status.cudaErrorInsufficientDriver)
    assert refusal(opened) == (
        "There is no NVIDIA GPU that can be used here: CUDA says cudaErrorInsufficientDriver."
    )
    cuda.devices = 0
    assert refusal(opened).startswith("There is no NVIDIA GPU")


def test_without_its_packages_it_names_them(
    opened: Callable[[], TensorRtEngine], monkeypatch: pytest.MonkeyPatch, cuda: Cuda
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cuda.bindings.runtime", None)
        assert "the package cuda-bindings: pip install 'cdat-edge[tensorrt]'" in refusal(opened)
    old = ModuleType("tensorrt")
    old.__version__ = "8.4.3.1"  # type: ignore[attr-defined]
    for module, says in ((None, "pip install tensorrt"), (old, "8.4.3.1 is too old: 8.5")):
        monkeypatch.setitem(sys.modules, "tensorrt", module)
        assert says in refusal(opened)
    monkeypatch.setitem(sys.modules, "tensorrt", ModuleType("tensorrt"))  # a stub of an index
    assert "with its libraries" in refusal(opened)
