"""`cdat-export compile` and `bench`: what is missing, wrong or there already is one sentence."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.engines.plans import Plans
from edge.engines.tensorrt import plan_key
from edge.engines.tensorrt_build import Build, build_plan
from export.cli import main

Run = Callable[..., str]
BUNDLE = str(default_bundle())


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command; what it says on standard output."""

    def run(*arguments: str, cache: Path | None = None) -> str:
        with pytest.raises(SystemExit) as end:
            main([*arguments, "--cache", str(cache or tmp_path / "cache")])
        out, err = capsys.readouterr()
        assert not end.value.code, err
        return out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command that ends with one sentence, after a line for each graph: that sentence."""

    def run(*arguments: str, cache: Path | None = None) -> str:
        with pytest.raises(SystemExit) as end:
            main([*arguments, "--cache", str(cache or tmp_path / "cache")])
        error = capsys.readouterr().err
        lines = [line for line in error.splitlines() if line.strip()]
        lines = [line for line in lines if not re.match(r"\d of 4: \w+: compiling for ", line)]
        assert end.value.code == 1 and len(lines) == 1
        assert lines[0].startswith("cdat-export: ")
        return lines[0]

    return run


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("tensorrt", "needs the package tensorrt with its libraries"),
        ("cuda.bindings.runtime", "needs the package cuda-bindings: pip install"),
    ],
)
def test_an_engine_without_its_library_names_the_package(
    refused: Run,
    install: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    says: str,
) -> None:
    install("10.3")
    monkeypatch.setitem(sys.modules, module, None)
    assert says in refused("compile", BUNDLE, "--engine", "tensorrt")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--engine", "steam"), "'steam': choose one of tensorrt, inductor, onnxruntime."),
        (("--engine", "inductor", "--precision", "fp8"), "there is no precision 'fp8'"),
        (("--engine", "inductor", "--precision", "int8"), "compiled in fp32, fp16, not in int8"),
        (("--engine", "inductor", "--device", "tpu"), "engine.device is 'tpu'"),
        (("--engine", "tensorrt", "--dla", "0"), "There is no DLA core 0: this machine has 0"),
        (
            ("--engine", "tensorrt", "--device", "dla0"),
            "accelerator with --engine tensorrt --dla N.",
        ),
    ],
)
def test_what_there_is_not_is_refused(
    refused: Run, install: Callable[[str], Any], options: tuple[str, ...], says: str
) -> None:
    install("10.3")
    assert says in refused("compile", BUNDLE, *options)


def test_a_bundle_that_was_altered_is_not_compiled(
    refused: Run, install: Callable[[str], Any], tmp_path: Path, gpu: Gpu
) -> None:
    install("10.3")
    folder = Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
    graph = folder / "text.onnx"
    content = bytearray(graph.read_bytes())
    content[-100] ^= 1
    graph.write_bytes(content)
    assert "text.onnx" in refused("compile", str(folder), "--engine", "tensorrt")
    assert "nowhere" in refused("compile", str(tmp_path / "nowhere"), "--engine", "tensorrt")
    assert gpu.builds == [] and not (tmp_path / "cache").exists()


def test_plans_are_compiled_once_and_again_when_asked(
    said: Run, install: Callable[[str], Any], gpu: Gpu
) -> None:
    install("11.1")
    command = ("compile", BUNDLE, "--engine", "tensorrt", "--workspace", "64")
    assert "4 compiled, 0 there, in " in said(*command)
    assert {build["workspace"] for build in gpu.builds} == {64 * 2**20}
    assert "0 compiled, 4 there, in " in said(*command)
    assert len(gpu.builds) == 4
    assert "4 compiled, 0 there, in " in said(*command, "--again")
    assert len(gpu.builds) == 8


def test_graphs_are_compiled_for_a_jetsons_accelerator(
    said: Run, install: Callable[[str], Any], gpu: Gpu
) -> None:
    install("10.3")
    gpu.dla_cores = 1
    command = ("compile", BUNDLE, "--precision", "fp16", "--dla", "0", "--no-gate")
    assert "4 compiled, 0 there, in " in said(*command, "--no-only-faster")
    assert [build["dla"] for build in gpu.builds] == [0, None] * 4


def test_plans_of_an_accelerator_are_verified_and_benched(
    said: Run,
    install: Callable[[str], Any],
    gpu: Gpu,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install("10.3")
    gpu.dla_cores = 1
    command = ("compile", BUNDLE, "--precision", "fp16", "--dla", "0", "--no-gate")
    said(*command, "--no-only-faster")
    builds = len(gpu.builds)
    on_core = ("--engine", "tensorrt", "--precision", "fp16", "--device", "dla0")
    with pytest.raises(SystemExit):  # there are no real items for the gate
        main(["verify", BUNDLE, *on_core, "--data", str(tmp_path), "--cache", f"{tmp_path}/cache"])
    out, err = capsys.readouterr()
    rows = [line for line in out.splitlines() if "tensorrt fp16" in line]
    assert rows and all("pass" in row for row in rows), err
    assert (
        said("bench", BUNDLE, "--engine", "tensorrt:fp16", "--device", "dla0").count("| tens") == 4
    )
    assert len(gpu.builds) == builds


def test_a_cache_folder_that_cannot_be_written(
    refused: Run, install: Callable[[str], Any], tmp_path: Path, gpu: Gpu
) -> None:
    install("10.13")
    (tmp_path / "file").write_bytes(b"")
    sentence = refused("compile", BUNDLE, "--engine", "tensorrt", cache=tmp_path / "file")
    assert "A plan cannot be written to" in sentence and gpu.builds == []


def test_a_build_that_fails_is_told_and_leaves_no_plan(
    refused: Run, install: Callable[[str], Any], tmp_path: Path, gpu: Gpu
) -> None:
    install("10.13")
    gpu.fails = "out\nof memory"
    assert refused("compile", BUNDLE).endswith("cannot build the graph: out of memory")
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".lock"}


def test_what_cannot_be_benched_here_is_told_and_the_rest_is_measured(
    install: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    install("10.3")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    engines = "tensorrt:fp32,steam:fp32,onnxruntime:fp32"
    where = ["--cache", str(tmp_path), "--passes", "500", "--device", "cpu"]
    with pytest.raises(SystemExit) as end:
        main(["bench", BUNDLE, "--engine", engines, *where])
    out, err = capsys.readouterr()
    assert not end.value.code
    assert "needs the package tensorrt" in err and "there is no engine 'steam'" in err
    assert "onnxruntime" in out and "vision" in out


def test_a_bench_of_nothing_fails_after_its_reasons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(SystemExit) as end:
        main(["bench", BUNDLE, "--engine", "tensorrt:fp32,tensorrt:int8", "--cache", str(tmp_path)])
    out, err = capsys.readouterr()
    assert end.value.code == 1
    assert "cdat-export: Nothing was measured: " in err and "What was not there:" in out
    for precision in ("fp32", "int8"):
        assert f"- tensorrt {precision}: The engine tensorrt needs the package tensorrt" in out


def test_an_int8_plan_of_tensorrt_is_measured_with_what_is_said_of_it(
    install: Callable[[str], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], gpu: Gpu
) -> None:
    trt = install("10.3")
    graph = Bundle.load(default_bundle()).graphs["audio"]
    plans, key = Plans(tmp_path), plan_key(trt, graph, "int8")
    plan = build_plan(trt, graph.read_bytes(), Build())

    def fill(out: Path) -> None:
        out.write_bytes(plan)

    with plans.locked(key):
        facts = {"kept": "int8", "gate": "0.8 against 0.8", "build_s": 7.5}
        plans.write(key, fill, facts)
    with pytest.raises(SystemExit) as end:
        where = ["--cache", str(tmp_path), "--passes", "500"]
        main(["bench", BUNDLE, "--engine", "tensorrt:int8", *where])
    out, err = capsys.readouterr()
    assert not end.value.code, err
    assert f"| audio | tensorrt | int8 | 1 | 1 | {len(plan) / 2**20:.2f} | 7.5 |" in out
    assert (
        "audio tensorrt int8, batch 1: from `cdat-export compile`, in the plan's file: 0.8" in out
    )
    assert "There is no int8 plan of vision for tensorrt" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--engine", "onnxruntime:fp8"), "there is no precision 'fp8'"),
        (("--batch", "0"), "'0' is no list of whole numbers above 0"),
        (("--threads", "one"), "'one' is no list of whole numbers above 0"),
    ],
)
def test_options_of_the_bench_that_are_wrong(
    refused: Run, options: tuple[str, ...], says: str
) -> None:
    assert says in refused("bench", BUNDLE, "--engine", "onnxruntime:fp32", *options)
