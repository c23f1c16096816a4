"""Torch-TensorRT's road to a plan, with Torch-TensorRT, TensorRT and CUDA stood in for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from fixtures.tensorrt_runtime import write_plan

from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import EngineOptions
from edge.engines.tensorrt import TensorRtEngine
from edge.errors import EngineError, PlanError
from export.graphs.opset import to_opset_17
from export.graphs.torch_graph import TorchGraph
from export.plans.compiler import compile_graph
from export.plans.torch_tensorrt import torch_tensorrt_compiler

BUNDLE = Bundle.load(default_bundle())
GRAPH = BUNDLE.graphs["text"]


@pytest.fixture
def trt(install: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """TensorRT 10.13, and Torch-TensorRT, which names tensors after torch's own names."""
    module = install("10.13")
    module.__spec__ = ModuleSpec("tensorrt", None)  # torch looks whether it is installed

    def convert(
        program: Any,
        *,
        arg_inputs: Sequence[torch.Tensor],
        disable_tf32: bool,
        workspace_size: int,
        use_explicit_typing: bool,
    ) -> bytes:
        assert disable_tf32 and use_explicit_typing and workspace_size >= 2**20
        outputs = [f"output{k}" for k in range(len(program.graph_signature.user_outputs))]
        inputs = [f"arg_{k}" for k in range(len(arg_inputs))]
        made = torch.onnx.export(
            program, tuple(arg_inputs), dynamo=True, input_names=inputs, output_names=outputs
        )
        assert made is not None
        model = made.model_proto
        to_opset_17(model)
        return write_plan(module, model.SerializeToString(), None)

    dynamo = SimpleNamespace(convert_exported_program_to_serialized_trt_engine=convert)
    monkeypatch.setitem(sys.modules, "torch_tensorrt", SimpleNamespace(dynamo=dynamo))
    return module


def compiled(folder: Path) -> EngineOptions:
    from edge.engines.plans import Plans

    plans = Plans(folder)
    compiler = torch_tensorrt_compiler({"text": TorchGraph(GRAPH)}, "fp32", device="cpu")
    with plans.locked(key := compiler.key(GRAPH)):
        compile_graph(plans, key, compiler, GRAPH)
    return EngineOptions(cache=folder)


def test_its_plan_gives_the_golden_outputs_under_the_graphs_names(trt: Any, tmp_path: Path) -> None:
    engine = TensorRtEngine(GRAPH, compiled(tmp_path))
    try:
        check_golden(BUNDLE, "text", engine, read_golden(BUNDLE))
    finally:
        engine.close()


def test_a_plan_of_other_tensors_is_refused(trt: Any, tmp_path: Path) -> None:
    options = compiled(tmp_path)
    beside = next(tmp_path.glob("*.json"))
    facts = json.loads(beside.read_text())
    facts["spec"]["inputs"]["words"][0][1] += 1
    beside.write_text(json.dumps(facts))
    with pytest.raises(PlanError, match="has the tensors"):
        TensorRtEngine(GRAPH, options)


def test_without_its_package_the_other_road_is_named(
    install: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("10.13")
    monkeypatch.setitem(sys.modules, "torch_tensorrt", None)
    with pytest.raises(EngineError, match="or leave it out"):
        torch_tensorrt_compiler({}, "fp32")
