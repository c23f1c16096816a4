"""The stand-ins refuse what TensorRT and CUDA refuse: else the tests that use them hold nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fixtures.cuda_stand_in import Cuda
from fixtures.cuda_types import Misuse, Status
from fixtures.tensorrt_names import Misordered
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.engines.tensorrt_build import Build, build_plan
from edge.engines.tensorrt_library import logger

GRAPH = Bundle.load(default_bundle()).graphs["audio"]


def parsed(trt: Any, flags: tuple[str, ...] = (), works: bool = True) -> tuple[Any, Any, Any, Any]:
    log = logger(trt)
    builder = trt.Builder(log)
    known = trt.NetworkDefinitionCreationFlag
    if trt.__version__.startswith("8."):
        flags = (*flags, "EXPLICIT_BATCH")
    network = builder.create_network(sum(1 << int(getattr(known, one)) for one in flags))
    assert trt.OnnxParser(network, log).parse(GRAPH.read_bytes()) == works
    return log, builder, network, builder.create_builder_config()


@pytest.mark.parametrize(
    ("release", "path"),
    [
        ("8.6", "IProgressMonitor"),
        ("8.6", "NetworkDefinitionCreationFlag.STRONGLY_TYPED"),
        ("10.3", "PreviewFeature.DISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805"),
        ("10.13", "ICudaEngine.num_bindings"),
        ("11.1", "BuilderFlag.FP16"),
        ("11.1", "NetworkDefinitionCreationFlag.EXPLICIT_BATCH"),
        ("11.1", "Builder.platform_has_fast_fp16"),
        ("11.1", "IInt8EntropyCalibrator2"),
        ("11.1", "Builder.no_such_name"),
    ],
)
def test_a_name_that_a_release_lacks_is_unknown(
    install: Callable[[str], Any], release: str, path: str
) -> None:
    found: Any = install(release)
    *before, last = path.split(".")
    for name in before:
        found = getattr(found, name)
    with pytest.raises(AttributeError):
        getattr(found, last)


def test_an_object_has_only_listed_names(trt: Any) -> None:
    _, builder, network, config = parsed(trt)
    for one in (builder, network, config):
        with pytest.raises(AttributeError, match="has no made_up"):
            print(one.made_up)
        with pytest.raises(AttributeError, match="has no made_up"):
            one.made_up = 1
    if not hasattr(trt, "IProgressMonitor"):
        with pytest.raises(AttributeError):
            config.progress_monitor = None


def test_wrong_orders_are_refused(trt: Any) -> None:
    log, builder, network, config = parsed(trt)
    assert builder.build_serialized_network(builder.create_network(0), config) is None
    assert log.errors == ["Network must have at least one output"]
    assert builder.build_serialized_network(network, config) is not None
    with pytest.raises(Misordered, match="after the build"):
        config.set_timing_cache(config.create_timing_cache(b""), False)
    with pytest.raises(Misordered, match="read twice"):
        trt.OnnxParser(network, log).parse(GRAPH.read_bytes())
    config = builder.create_builder_config()
    assert config.set_timing_cache(config.create_timing_cache(b""), False)  # not held: freed
    with pytest.raises(Misordered, match="freed before the build"):
        builder.build_serialized_network(network, config)


def test_a_network_that_could_not_be_read_is_not_built(trt: Any, gpu: Gpu) -> None:
    gpu.unsupported = frozenset({"Conv"})
    _, builder, network, config = parsed(trt, works=False)
    with pytest.raises(Misordered, match="could not be read"):
        builder.build_serialized_network(network, config)


def test_release_8_needs_an_explicit_batch(install: Callable[[str], Any]) -> None:
    trt = install("8.6")
    log = logger(trt)
    with pytest.raises(Misordered, match="EXPLICIT_BATCH"):
        trt.OnnxParser(trt.Builder(log).create_network(0), log)


@pytest.mark.parametrize("release", ["10.3", "10.13"])
def test_a_strongly_typed_network_takes_no_flags(
    install: Callable[[str], Any], release: str
) -> None:
    trt = install(release)
    log, builder, network, config = parsed(trt, ("STRONGLY_TYPED",))
    config.set_flag(trt.BuilderFlag.FP16)
    assert builder.build_serialized_network(network, config) is None
    assert log.errors == ["A strongly typed network takes no flags of precision"]


def test_a_logger_must_be_begun(trt: Any) -> None:
    class Unbegun(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None: ...

    with pytest.raises(TypeError):
        trt.Builder(Unbegun())


def test_a_plan_is_refused_elsewhere(install: Callable[[str], Any], gpu: Gpu, cuda: Cuda) -> None:
    trt = install("10.3")
    plan = build_plan(trt, GRAPH.read_bytes(), Build())

    def why(content: bytes = plan) -> str:
        log = logger(trt)
        assert trt.Runtime(log).deserialize_cuda_engine(content) is None
        return str(log.errors[0])

    assert "damaged" in why(plan[:-1]) and "damaged" in why(b"") and "damaged" in why(b"x\n")
    cuda.gpu = "Another"
    assert "incompatible device" in why()
    trt = install("10.13")
    assert "not compatible with this version" in why()


def test_a_context_runs_only_when_all_is_set(trt: Any, cuda: Cuda) -> None:
    log = logger(trt)
    plan = build_plan(trt, GRAPH.read_bytes(), Build())
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    _, stream = cuda.cudaStreamCreateWithFlags(1)
    assert not context.execute_async_v3(int(stream))
    assert not context.set_tensor_address("bogus", 1)
    with pytest.raises(TypeError):
        context.execute_async_v3(stream)
    with pytest.raises(Misordered):
        engine.get_tensor_shape("bogus")
    assert len(log.errors) == 2
    cuda.cudaStreamDestroy(stream)


def test_cuda_refuses_memory_that_is_not_there(cuda: Cuda) -> None:
    to_gpu = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
    _, stream = cuda.cudaStreamCreateWithFlags(1)
    (_, host), (_, there) = cuda.cudaMallocHost(8), cuda.cudaMalloc(8)
    for wrong in ((host, there, 8), (there, host, 9), (there + 1, host, 8), (1, host, 8)):
        with pytest.raises(Misuse):
            cuda.cudaMemcpyAsync(*wrong, to_gpu, stream)
    cuda.cudaMemcpyAsync(there, host, 8, to_gpu, stream)
    assert cuda.left == ["GPU", "host", "stream"]
    cuda.cudaFree(there)
    with pytest.raises(Misuse):  # the copy had only been enqueued
        cuda.cudaStreamSynchronize(stream)
    with pytest.raises(Misuse):
        cuda.cudaFree(there)
    cuda.cudaFreeHost(host)
    cuda.cudaStreamDestroy(stream)
    with pytest.raises(Misuse):
        cuda.cudaStreamSynchronize(stream)


def test_what_is_captured_runs_at_each_launch_and_not_before(cuda: Cuda) -> None:
    _, stream = cuda.cudaStreamCreateWithFlags(1)
    ran: list[int] = []
    mode = cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
    cuda.cudaStreamBeginCapture(stream, mode)
    cuda.put(stream, lambda: ran.append(1))
    _, graph = cuda.cudaStreamEndCapture(stream)
    _, made = cuda.cudaGraphInstantiate(graph, 0)
    cuda.cudaGraphDestroy(graph)
    cuda.cudaStreamSynchronize(stream)
    assert ran == []
    for times in (1, 2):
        cuda.cudaGraphLaunch(made, stream)
        cuda.cudaStreamSynchronize(stream)
        assert len(ran) == times
    cuda.cudaStreamBeginCapture(stream, mode)
    assert cuda.cudaMalloc(4) == (Status.cudaErrorStreamCaptureUnsupported, None)
    assert cuda.cudaStreamEndCapture(stream) == (Status.cudaErrorStreamCaptureInvalidated, None)
    assert cuda.cudaGetLastError() == (Status.cudaErrorStreamCaptureInvalidated,)
    assert cuda.cudaGetLastError() == (Status.cudaSuccess,)
    cuda.cudaGraphExecDestroy(made)
    cuda.cudaStreamDestroy(stream)
