"""ONNX Runtime in reduced precision runs a plan, and never a device that was not asked for."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import onnxruntime as ort
import pytest

from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions, open_engine
from edge.engines.onnxruntime import plan_key
from edge.engines.plans import Plans
from edge.engines.processor import cpu_identity
from edge.errors import EngineError, PlanError

AUDIO = Bundle.load(default_bundle()).graphs["audio"]


def test_without_a_plan_reduced_precision_says_how_to_compile_one(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no fp16 plan of audio for onnxruntime"):
        open_engine("onnxruntime", AUDIO, EngineOptions("fp16", cache=tmp_path))


def test_a_plan_is_run_in_place_of_the_graph(tmp_path: Path) -> None:
    plans, key = Plans(tmp_path), plan_key(AUDIO, "fp16")
    assert key.machine == {"onnxruntime": ort.__version__} | cpu_identity()
    assert plan_key(AUDIO, "fp32").machine == {"onnxruntime": ort.__version__}
    assert key.suffix == ".onnx"
    with plans.locked(key):
        plans.write(key, partial(shutil.copyfile, AUDIO), {})
    engine = open_engine("onnxruntime", AUDIO, EngineOptions("fp16", cache=tmp_path))
    engine.warm_up()
    assert engine.device == "onnxruntime CPU fp16"
    with pytest.raises(PlanError, match="int8"):
        open_engine("onnxruntime", AUDIO, EngineOptions("int8", cache=tmp_path))


def test_another_provider_than_the_one_asked_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the GPU package is installed and CUDA's libraries are missing."""

    class Session:
        def __init__(self, *given: object, **named: object) -> None: ...

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    found = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("edge.engines.providers.ort.get_available_providers", lambda: found)
    monkeypatch.setattr("edge.engines.onnxruntime.ort.InferenceSession", Session)
    preloaded: list[bool] = []
    monkeypatch.setattr(
        "edge.engines.providers.ort.preload_dlls", lambda: preloaded.append(True), raising=False
    )
    with pytest.raises(EngineError, match="it cannot be used here, and CPUExecutionProvider"):
        open_engine("onnxruntime", AUDIO, EngineOptions(device="cuda"))
    assert preloaded
