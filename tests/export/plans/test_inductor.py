"""Graphs as torch modules, and compiled by Inductor for this processor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import EngineOptions, open_engine
from edge.engines.inductor import InductorEngine
from edge.engines.plans import Plans
from edge.errors import BundleError, EngineError, PlanError
from export.graphs.torch_graph import TorchGraph
from export.plans.compiler import compile_graph
from export.plans.inductor import inductor_compiler

BUNDLE = Bundle.load(default_bundle())
GOLDEN = read_golden(BUNDLE)
GRAPHS = sorted(BUNDLE.graphs)
CPU = EngineOptions(device="cpu")


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_as_a_torch_module_equals_onnx_runtime(name: str) -> None:
    graph = BUNDLE.graphs[name]
    module, engine = TorchGraph(graph).eval(), open_engine("onnxruntime", graph, CPU)
    for case in GOLDEN[name]:
        inputs = [torch.from_numpy(case.inputs[one].copy()) for one in engine.spec.inputs]
        with torch.no_grad():
            found = dict(zip(engine.spec.outputs, module(*inputs), strict=True))
        for output, wanted in engine.run(case.inputs).items():
            np.testing.assert_allclose(found[output].numpy(), wanted, atol=2e-5)


@pytest.mark.parametrize("domain", ["", "com.example"])
def test_an_operator_that_torch_does_not_know_is_named(tmp_path: Path, domain: str) -> None:
    model = onnx.load(BUNDLE.graphs["text"])
    model.graph.node[3].op_type, model.graph.node[3].domain = "Relu" if domain else "Steam", domain
    onnx.save(model, tmp_path / "odd.onnx")
    operator = "Relu" if domain else "Steam"
    with pytest.raises(BundleError, match=rf"^odd\.onnx: the operator {operator} cannot"):
        TorchGraph(tmp_path / "odd.onnx")


def compiled(name: str, folder: Path) -> None:
    compiler, plans = inductor_compiler("fp32", "cpu"), Plans(folder)
    key = compiler.key(BUNDLE.graphs[name])
    with plans.locked(key):
        compile_graph(plans, key, compiler, BUNDLE.graphs[name])


def serves(name: str, folder: Path) -> None:
    engine = InductorEngine(BUNDLE.graphs[name], EngineOptions(device="cpu", cache=folder))
    check_golden(BUNDLE, name, engine, GOLDEN)
    engine.warm_up()
    assert engine.device == "inductor cpu fp32"
    engine.close()
    engine.close()


needs_a_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")


@pytest.mark.slow
@needs_a_compiler
def test_a_compiled_graph_gives_the_golden_outputs(tmp_path: Path) -> None:
    compiled("text", tmp_path)
    serves("text", tmp_path)
    (plan,) = tmp_path.glob("*.pt2")
    content = plan.read_bytes()
    plan.write_bytes(content[: len(content) // 2])
    with pytest.raises(PlanError, match="altered or cut off"):
        serves("text", tmp_path)


@pytest.mark.slow
@needs_a_compiler
def test_every_compiled_graph_gives_the_golden_outputs(tmp_path: Path) -> None:
    for name in GRAPHS:
        compiled(name, tmp_path)
        serves(name, tmp_path)


def test_without_a_plan_it_says_how_to_compile_one(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"no fp32 plan of text for inductor.*cdat-export compile"):
        serves("text", tmp_path)


@pytest.mark.parametrize(
    ("precision", "device", "says"),
    [
        ("int8", "cpu", "inductor is compiled in fp32, fp16, not in int8"),
        ("fp16", "cpu", "fp16 is slower than fp32 on a processor"),
        ("fp32", "tpu", "engine.device is 'tpu'; Inductor needs auto, cpu or cuda"),
    ],
)
def test_what_inductor_does_not_offer_is_refused(precision: Any, device: str, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        inductor_compiler(precision, device)


def test_a_gpu_that_torch_does_not_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="torch sees no GPU: install a CUDA build"):
        inductor_compiler("fp16", "cuda")
