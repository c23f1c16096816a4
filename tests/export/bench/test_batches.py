"""Several items a pass: the graph, what is measured of it by ONNX Runtime, and the plot."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import read_golden
from edge.engines import EngineOptions, open_engine
from edge.engines.plans import Plans
from edge.errors import EngineError
from export.bench.batched_plan import batched_plans
from export.bench.measure import measure
from export.bench.plot import plot
from export.bench.variant import registered
from export.cli import main
from export.graphs.batched import batched
from export.plans.onnxruntime import onnxruntime_compiler

BUNDLE = Bundle.load(default_bundle())
CPU = EngineOptions(device="cpu")


def batch_of(folder: Path, name: str, items: int | None) -> Path:
    path = folder / f"{name}-{items}.onnx"
    onnx.save(batched(onnx.load(BUNDLE.graphs[name]), items), path)
    return path


@pytest.mark.parametrize("name", ["audio", "text", "vision"])
def test_each_item_of_a_batch_has_its_own_outputs(tmp_path: Path, name: str) -> None:
    one, other = read_golden(BUNDLE)[name][:2]
    engine = open_engine("onnxruntime", batch_of(tmp_path, name, 2), CPU)
    both = {key: np.concatenate([one.inputs[key], other.inputs[key]]) for key in one.inputs}
    for key, found in engine.run(both).items():
        np.testing.assert_allclose(found[:1], one.outputs[key], atol=1e-4)
        np.testing.assert_allclose(found[1:], other.outputs[key], atol=1e-4)


def test_a_batch_of_any_number_is_one_graph(tmp_path: Path) -> None:
    engine = open_engine("onnxruntime", batch_of(tmp_path, "audio", None), CPU)
    case = read_golden(BUNDLE)["audio"][0]
    for items in (1, 3):
        given = {key: np.repeat(value, items, 0) for key, value in case.inputs.items()}
        assert all(len(found) == items for found in engine.run(given).values())


def test_fusion_takes_no_batch() -> None:
    with pytest.raises(EngineError, match=r"takes no batch\.$"):
        batched(onnx.load(BUNDLE.graphs["fusion"]), 2)


@pytest.mark.parametrize("name", ["audio", "text"])
def test_the_plan_of_one_item_is_measured_with_several(tmp_path: Path, name: str) -> None:
    """Text: its INT8 graph joins the rows of all items for a matrix product."""
    graph, options = BUNDLE.graphs[name], EngineOptions("int8", device="cpu", cache=tmp_path)
    calibration = {name: [case.inputs for case in read_golden(BUNDLE)[name]] * 16}
    compiler = onnxruntime_compiler("int8", calibration)
    plans, key = Plans(tmp_path), compiler.key(graph)
    with plans.locked(key):
        facts = {"kept": "int8", "gate": "0.8 against 0.8"}
        plans.write(key, partial(compiler.fill, graph), facts)
    many = batch_of(tmp_path, name, 4)
    variant = registered("onnxruntime", options, batched_plans({many: graph}, options, 4))
    missing: list[str] = []
    (row,) = measure(BUNDLE, {name: many}, [variant], 20, 4, missing.append, tmp_path / "trial")
    assert missing == [] and (row.batch, row.kept, row.metric) == (4, "int8", "0.8 against 0.8")
    assert row.bytes and row.bytes < many.stat().st_size
    assert row.worst is not None and 1e-4 < row.worst <= BUNDLE.manifest.tolerance_of("int8")
    assert sorted(one.name for one in tmp_path.glob("*.onnx")) == sorted([key.file, many.name])


def test_a_batch_without_a_plan_names_the_plan_of_one_item(tmp_path: Path) -> None:
    graph, options = BUNDLE.graphs["audio"], EngineOptions("int8", device="cpu", cache=tmp_path)
    many = batch_of(tmp_path, "audio", 4)
    variant = registered("onnxruntime", options, batched_plans({many: graph}, options, 4))
    missing: list[str] = []
    assert measure(BUNDLE, {"audio": many}, [variant], 20, 4, missing.append, tmp_path / "t") == []
    assert "There is no int8 plan of audio for onnxruntime in" in missing[0]


def test_a_batch_is_measured_as_that_many_items(tmp_path: Path) -> None:
    missing: list[str] = []
    variant = registered("onnxruntime", CPU)
    graphs = {"audio": batch_of(tmp_path, "audio", 4)}
    (row,) = measure(BUNDLE, graphs, [variant], 20, 4, missing.append, tmp_path)
    assert missing == [] and (row.batch, row.passes, row.precision) == (4, 20, "fp32")
    assert row.worst is not None and row.worst < 1e-3
    assert 0 < row.p50_us <= row.p95_us <= row.p99_us <= row.max_us
    assert 4e6 / row.max_us <= row.items_per_s


def rows_of(batches: list[int]) -> list[dict[str, Any]]:
    """Of two graphs on two engines; fusion takes one item."""
    return [
        {
            "graph": graph,
            "device": device,
            "precision": "fp32",
            "kept": None,
            "threads": 1,
            "batch": batch,
            "p50_us": 100.0 * batch,
            "p99_us": 150.0 * batch,
            "items_per_s": 1e4 * batch**0.5,
        }
        for graph in ("audio", "fusion")
        for device in ("onnxruntime CPU", "eager cpu")
        for batch in (batches if graph == "audio" else batches[:1])
    ]


@pytest.mark.parametrize("batches", [[1, 8, 32, 128], [8, 32], [1], []])
def test_several_batches_draw_the_throughput_beside_the_times(
    tmp_path: Path, batches: list[int]
) -> None:
    rows = rows_of(batches)
    plot({"rows": rows, "machine": {"cpu": "A processor"}}, tmp_path / "bench.png")
    image = cv2.imread(str(tmp_path / "bench.png"))
    assert image is not None and image.std() > 5
    assert image.shape[1] == (1870 if len(batches) > 1 else 1210)
    if len(batches) > 1:
        assert image[:, image.shape[1] // 2 :].std() > 5


@pytest.mark.slow
def test_a_bench_of_two_batches_writes_all_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    engines = "onnxruntime:fp32,onnxruntime:int8"
    cache = ["--cache", str(tmp_path / "plans")]
    where = ["--device", "cpu", "--passes", "500", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        main(["bench", "--engine", engines, "--batch", "1,2", *where, *cache])
    assert not end.value.code, capsys.readouterr().err
    results = json.loads((tmp_path / "out" / "bench.json").read_text("utf-8"))
    there = {(row["graph"], row["batch"]) for row in results["rows"]}
    encoders = {(name, batch) for name in ("audio", "text", "vision") for batch in (1, 2)}
    assert there == encoders | {("fusion", 1)}
    assert any(one.startswith("batch 2, fusion: ") for one in results["not_there"])
    assert any(
        "no int8 plan of audio" in one and "in ~/plans" in one for one in results["not_there"]
    )
    assert str(tmp_path) not in (tmp_path / "out" / "bench.md").read_text("utf-8")
    report = (tmp_path / "out" / "bench.md").read_text("utf-8")
    assert f"onnxruntime {results['machine']['libraries']['onnxruntime']}" in report
    assert results["machine"]["cpu"] in report and "What was not there:" in report
    image = cv2.imread(str(tmp_path / "out" / "bench.png"))
    assert image is not None and image.shape[1] == 1870
