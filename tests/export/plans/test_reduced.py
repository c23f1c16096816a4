"""In reduced precision a graph is kept only if it was measured: by the gate, and against FP32."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import Case, read_golden
from edge.bundle.networks import Networks
from edge.engines import Arrays, Engine, EngineOptions, GraphSpec
from edge.errors import EngineError
from edge.types import Float
from export.cli import main
from export.plans.compile import Compiled, Judge, Reduction, compile_bundle
from export.plans.onnxruntime import onnxruntime_compiler
from export.plans.speed import faster
from export.plans.tensorrt import tensorrt_compiler

BUNDLE = Bundle.load(default_bundle())
FACTOR = "export.plans.compile.faster"


def compiled(
    folder: Path, said: list[str], judge: Judge | None, only_faster: bool = False
) -> list[Compiled]:
    """The packaged bundle for TensorRT in FP16."""
    return compile_bundle(
        BUNDLE,
        "tensorrt",
        EngineOptions("fp16", cache=folder),
        tensorrt_compiler("fp16", {}),
        said.append,
        Reduction(tensorrt_compiler("fp32", {}), "auto", judge, only_faster),
    )


@pytest.fixture
def in_tensorrt(install: Callable[[str], Any]) -> None:
    """Its stand-in, of one release."""
    install("10.3")


class Gate:
    """Refuses some graphs, and notes which it was asked about."""

    def __init__(self, *refused: str) -> None:
        self.refused, self.asked = refused, list[str]()

    def __call__(self, graph: str, engine: Engine) -> tuple[bool, str]:
        self.asked.append(graph)
        ok = graph not in self.refused
        return ok, f"{graph}: 0.9 against 0.9: {'accepted' if ok else 'refused'}."


def test_a_graph_that_the_gate_refuses_stays_in_fp32(in_tensorrt: None, tmp_path: Path) -> None:
    said: list[str] = []
    kept = {one.graph: one.kept for one in compiled(tmp_path, said, Gate("audio"))}
    assert kept == {name: "fp32" if name == "audio" else "fp16" for name in BUNDLE.graphs}
    assert "audio: audio: 0.9 against 0.9: refused. It stays in fp32." in said
    (beside,) = tmp_path.glob("audio-*.plan.json")
    facts = json.loads(beside.read_text())
    assert (facts["kept"], facts["precision"]) == ("fp32", "fp16")
    # The runtime takes what was kept under the precision that was asked for.
    networks = Networks(BUNDLE, "tensorrt", EngineOptions("fp16", cache=tmp_path))
    networks.close()


def test_a_graph_that_is_not_faster_stays_in_fp32(
    in_tensorrt: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios = iter([1.5, 0.8, 1.5, 1.5])
    monkeypatch.setattr(FACTOR, lambda new, old, cases: next(ratios))
    said: list[str] = []
    kept = [one.kept for one in compiled(tmp_path, said, Gate(), only_faster=True)]
    assert kept == ["fp16", "fp32", "fp16", "fp16"]
    second = list(BUNDLE.graphs)[1]
    assert f"{second}: fp16 is not faster (0.80 x): it stays in fp32." in said


def test_no_graph_kept_is_an_error(in_tensorrt: None, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^No graph is kept in fp16: run the bundle in fp32 on "):
        compiled(tmp_path, [], Gate(*BUNDLE.graphs))


def test_a_plan_that_was_never_judged_is_judged_now(in_tensorrt: None, tmp_path: Path) -> None:
    compiled(tmp_path, [], None)
    gate, said = Gate("text"), list[str]()
    kept = {one.graph: one.kept for one in compiled(tmp_path, said, gate)}
    assert sorted(gate.asked) == sorted(BUNDLE.graphs) and kept["text"] == "fp32"
    compiled(tmp_path, said, gate)
    assert len(gate.asked) == len(BUNDLE.graphs)  # all of it is known


def test_what_the_gate_refused_is_compiled_where_no_gate_is_asked_for(
    in_tensorrt: None, tmp_path: Path
) -> None:
    compiled(tmp_path, [], Gate("text"))
    kept = {one.graph: one.kept for one in compiled(tmp_path, [], None)}
    assert set(kept.values()) == {"fp16"}


def test_a_plan_that_was_never_timed_is_timed_now(
    in_tensorrt: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled(tmp_path, [], None)
    monkeypatch.setattr(FACTOR, lambda new, old, cases: 1.1)
    assert all(one.seconds is not None for one in compiled(tmp_path, [], None, only_faster=True))
    assert all(one.seconds is None for one in compiled(tmp_path, [], None, only_faster=True))


@pytest.mark.slow
def test_the_bench_leaves_no_plan_that_nobody_measured(
    in_tensorrt: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cache", str(tmp_path), "--passes", "500"]
    with pytest.raises(SystemExit) as end:
        main(["bench", str(default_bundle()), "--engine", "tensorrt:fp16", *where])
    out, err = capsys.readouterr()
    assert not end.value.code, err
    assert "tensorrt" in out and "fp16" in out
    assert not list(tmp_path.rglob("*.plan"))


class Slow:
    """An engine that takes so many milliseconds."""

    device = "none"
    spec = GraphSpec({}, {})

    def __init__(self, ms: float) -> None:
        self._s = ms / 1000

    def warm_up(self) -> None:
        """Nothing."""

    def run(self, arrays: Arrays) -> dict[str, Float]:
        time.sleep(self._s)
        return {}

    def close(self) -> None:
        """Nothing."""


def test_faster_is_the_ratio_of_the_times() -> None:
    cases = [Case({"x": np.zeros(1, np.float32)}, {})]
    assert faster(Slow(0.1), Slow(2.0), cases) > 2
    assert faster(Slow(2.0), Slow(0.1), cases) < 0.5


def test_a_calibration_set_that_is_too_small_names_its_graph(tmp_path: Path) -> None:
    calibration = {"audio": [case.inputs for case in read_golden(BUNDLE)["audio"]]}
    compiler = onnxruntime_compiler("int8", calibration)
    says = r"^INT8 calibration of audio needs 64 inputs or more, and there are 4: set CDAT_DATA"
    with pytest.raises(EngineError, match=says):
        compiler.fill(BUNDLE.graphs["audio"], tmp_path / "audio.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_int8_of_onnx_runtime_by_its_command(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    command = ["compile", str(default_bundle()), "--engine", "onnxruntime", "--precision", "int8"]
    with pytest.raises(SystemExit) as end:
        main([*command, "--data", str(data_dir), "--cache", str(tmp_path)])
    out, err = capsys.readouterr()
    assert not end.value.code, err
    assert "metric_loss of 0.005" in out and "4 compiled, 0 there, in " in out
    networks = Networks(BUNDLE, "onnxruntime", EngineOptions("int8", cache=tmp_path))
    found = networks.encode("text", read_golden(BUNDLE)["text"][0].inputs["words"][0])
    assert all(np.isfinite(part).all() for part in found)
    networks.close()
    assert "sklearn" in sys.modules
