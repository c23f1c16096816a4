"""Plans built with each release's own names; TensorRT is stood in for, see fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from fixtures.nvidia import keep_plan
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import EngineOptions, Precision
from edge.engines.tensorrt import TensorRtEngine, plan_key
from edge.engines.tensorrt_build import Build, build_plan
from edge.errors import EngineError
from export.graphs.precision import in_fp16, in_int8

BUNDLE = Bundle.load(default_bundle())
GOLDEN = read_golden(BUNDLE)
GRAPHS = sorted(BUNDLE.graphs)


@pytest.fixture(scope="module")
def in_8_bits() -> dict[str, bytes]:
    """Each graph with the nodes of 8 bits, ranged on the golden inputs: a check of the path."""
    made = {}
    for name, path in BUNDLE.graphs.items():
        inputs: list[Any] = [case.inputs for case in GOLDEN[name]]
        graph = in_int8(onnx.load(path), (inputs * 64)[:64], for_tensorrt=True)
        made[name] = graph.SerializeToString()
    return made


def serve(trt: Any, folder: Path, name: str, precision: Precision, plan: bytes) -> None:
    """The plan, kept and opened as the runtime does, gives the golden outputs and their labels."""
    graph = BUNDLE.graphs[name]
    keep_plan(folder, plan_key(trt, graph, precision), plan)
    engine = TensorRtEngine(graph, EngineOptions(precision, cache=folder))
    try:
        check_golden(BUNDLE, name, engine, GOLDEN, precision)
        for case in GOLDEN[name] if name == "fusion" and precision != "int8" else ():
            found = engine.run(case.inputs)["probabilities"]
            assert (found.argmax(1) == case.outputs["probabilities"].argmax(1)).all()
    finally:
        engine.close()


def is_from_11_on(trt: Any) -> bool:
    return not hasattr(trt.BuilderFlag, "FP16")


@pytest.mark.parametrize("name", GRAPHS)
def test_an_fp32_plan_gives_the_golden_outputs(
    trt: Any, gpu: Gpu, tmp_path: Path, name: str
) -> None:
    plan = build_plan(trt, BUNDLE.graphs[name].read_bytes(), Build())
    serve(trt, tmp_path, name, "fp32", plan)
    assert gpu.builds[-1]["flags"] == set()  # TF32 above all is off
    assert gpu.builds[-1]["workspace"] == 512 * 2**20
    assert ("STRONGLY_TYPED" in gpu.builds[-1]["network"]) == is_from_11_on(trt)


@pytest.mark.parametrize("name", GRAPHS)
def test_an_fp16_plan_gives_the_golden_outputs(
    trt: Any, gpu: Gpu, tmp_path: Path, name: str
) -> None:
    """By the flag where the release has one, else from a graph in half precision."""
    typed = is_from_11_on(trt)
    graph = onnx.load(BUNDLE.graphs[name])
    content = (in_fp16(graph) if typed else graph).SerializeToString()
    plan = build_plan(trt, content, Build("fp16", typed))
    serve(trt, tmp_path, name, "fp16", plan)
    assert gpu.builds[-1]["flags"] == (set() if typed else {"FP16"})
    assert ("STRONGLY_TYPED" in gpu.builds[-1]["network"]) == typed


@pytest.mark.parametrize("name", GRAPHS)
def test_an_int8_plan_gives_the_golden_outputs(
    trt: Any, gpu: Gpu, tmp_path: Path, name: str, in_8_bits: dict[str, bytes]
) -> None:
    """The graph carries the ranges; 8.6 needs the flag besides."""
    typed = hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED")
    plan = build_plan(trt, in_8_bits[name], Build("int8", typed))
    serve(trt, tmp_path, name, "int8", plan)
    assert gpu.builds[-1]["flags"] == (set() if typed else {"INT8"})


@pytest.mark.parametrize("release", ["10.3", "10.13"])
def test_release_10_builds_a_graph_in_half_precision_as_it_stands(
    install: Callable[[str], Any], gpu: Gpu, tmp_path: Path, release: str
) -> None:
    trt = install(release)
    content = in_fp16(onnx.load(BUNDLE.graphs["audio"])).SerializeToString()
    serve(trt, tmp_path, "audio", "fp16", build_plan(trt, content, Build("fp16", typed=True)))
    assert gpu.builds[-1]["network"] == {"STRONGLY_TYPED"} and not gpu.builds[-1]["flags"]


def refusal(trt: Any, build: Build, graph: bytes | None = None) -> str:
    with pytest.raises(EngineError) as error:
        build_plan(trt, graph or BUNDLE.graphs["text"].read_bytes(), build)
    said = str(error.value)
    assert "\n" not in said
    return said


def test_a_precision_that_the_release_takes_another_way_is_refused(trt: Any, gpu: Gpu) -> None:
    if is_from_11_on(trt):
        assert "takes the precision from the graph" in refusal(trt, Build("fp16"))
    elif not hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED"):
        assert "give the graph in fp32" in refusal(trt, Build("fp16", typed=True))
    else:
        gpu.fp16 = False
        assert "This GPU has no fast fp16 arithmetic" in refusal(trt, Build("fp16"))


def test_a_graph_that_cannot_be_read_is_one_sentence(trt: Any, gpu: Gpu) -> None:
    said = refusal(trt, Build(), b"no graph")
    assert said == (
        f"TensorRT {trt.__version__} cannot read the graph: Failed to parse the ONNX model"
        " (node -1)."
    )
    gpu.unsupported = frozenset({"Gather"})
    assert "No importer registered for op: Gather (node " in refusal(trt, Build())
    assert gpu.builds == []


def test_a_build_that_fails_is_one_sentence(trt: Any, gpu: Gpu) -> None:
    gpu.fails = "Error Code 10:\n  out of memory"
    said = refusal(trt, Build())
    assert said.endswith("cannot build the graph: Error Code 10: out of memory")


def test_a_build_without_workspace_fails(trt: Any, gpu: Gpu) -> None:
    assert "no workspace" in refusal(trt, Build(workspace_mib=0))
    build_plan(trt, BUNDLE.graphs["text"].read_bytes(), Build(workspace_mib=7))
    assert gpu.builds[-1]["workspace"] == 7 * 2**20


def test_a_call_that_the_bindings_refuse_is_one_sentence(
    trt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, flags: int) -> Any:
        raise TypeError("create_network(): incompatible function arguments.\nInvoked with: 1")

    monkeypatch.setattr(trt.Builder, "create_network", refuse)
    assert "create_network(): incompatible function arguments." in refusal(trt, Build())


@pytest.mark.parametrize("release", ["8.6"])
def test_release_8_first_builds_without_cublas_and_cudnn(
    install: Callable[[str], Any], gpu: Gpu, release: str
) -> None:
    """Convolutions need neither, so they are loaded only for a graph of matrix products."""
    trt = install(release)
    build_plan(trt, BUNDLE.graphs["audio"].read_bytes(), Build())
    build_plan(trt, BUNDLE.graphs["text"].read_bytes(), Build())
    needs = {
        name: any(node.op_type == "MatMul" for node in onnx.load(BUNDLE.graphs[name]).graph.node)
        for name in ("audio", "text")
    }
    assert needs["text"]
    wanted = [
        one for name in ("audio", "text") for one in ([True, False] if needs[name] else [True])
    ]
    assert [build["without"] for build in gpu.builds] == wanted
    gpu.other_libraries = False
    assert refusal(trt, Build()).endswith("no cuBLAS")  # the second attempt's reason


@pytest.mark.parametrize("release", ["10.3", "10.13", "11.1"])
def test_newer_releases_build_once(install: Callable[[str], Any], gpu: Gpu, release: str) -> None:
    trt = install(release)
    gpu.fails = "no"
    refusal(trt, Build())
    assert len(gpu.builds) == 1


def test_progress_is_told_where_the_release_has_a_monitor(trt: Any) -> None:
    told: list[tuple[str, int, int]] = []
    graph = BUNDLE.graphs["vision"].read_bytes()
    build_plan(trt, graph, Build(), lambda *one: told.append(one))
    if not hasattr(trt, "IProgressMonitor"):
        assert told == []
        return
    steps = {all for phase, _, all in told if phase == "Timing"}
    assert len(steps) == 1
    timing = [done for phase, done, _ in told if phase == "Timing"]
    assert timing == [*range(max(steps) + 1), max(steps)]
    assert told[0] == ("Building", 0, 1) and told[-1] == ("Building", 1, 1)
