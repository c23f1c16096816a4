"""A build and the machine: the cache of measured times, and a Jetson's accelerator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixtures.cuda_stand_in import Cuda
from fixtures.nvidia import keep_plan
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions
from edge.engines.tensorrt import TensorRtEngine, plan_key
from edge.engines.tensorrt_build import Build, build_plan
from edge.errors import EngineError, PlanError

GRAPH = Bundle.load(default_bundle()).graphs["audio"]


def measured(trt: Any, gpu: Gpu, cache: Path) -> int:
    """How many layers a build had to measure."""
    build_plan(trt, GRAPH.read_bytes(), Build(timing_cache=cache))
    return int(gpu.builds[-1]["measured"])


def test_measured_times_are_kept_for_the_next_build(trt: Any, gpu: Gpu, tmp_path: Path) -> None:
    cache = tmp_path / "new" / "times"
    assert measured(trt, gpu, cache) > 0
    assert measured(trt, gpu, cache) == 0
    assert [path.name for path in cache.parent.iterdir()] == ["times"]


@pytest.mark.parametrize("content", [b"garbage", b"", b'{"machine": 5}'])
def test_a_damaged_cache_is_begun_anew(trt: Any, gpu: Gpu, tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "times"
    cache.write_bytes(content)
    assert measured(trt, gpu, cache) > 0
    assert measured(trt, gpu, cache) == 0


def test_times_of_another_gpu_are_not_used(trt: Any, gpu: Gpu, cuda: Cuda, tmp_path: Path) -> None:
    cache = tmp_path / "times"
    whole = measured(trt, gpu, cache)
    cuda.gpu = "Another GPU"
    assert measured(trt, gpu, cache) == whole
    assert measured(trt, gpu, cache) == 0


def test_a_cache_that_cannot_be_written_is_told_before_the_build(
    trt: Any, gpu: Gpu, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EngineError, match=r"^The timing cache .*times cannot be written: .*\.$"):
        measured(trt, gpu, tmp_path / "file" / "times")
    assert gpu.builds == []


def test_a_plan_for_a_dla_core_runs_on_that_core_alone(trt: Any, gpu: Gpu, tmp_path: Path) -> None:
    gpu.dla_cores = 2
    typed = not hasattr(trt.BuilderFlag, "FP16")
    plan = build_plan(trt, GRAPH.read_bytes(), Build("fp16", typed, dla=1))
    assert gpu.builds[-1]["dla"] == 1 and "GPU_FALLBACK" in gpu.builds[-1]["flags"]
    keep_plan(tmp_path, plan_key(trt, GRAPH, "fp16", 1), plan)
    engine = TensorRtEngine(GRAPH, EngineOptions("fp16", device="dla1", cache=tmp_path))
    engine.warm_up()
    engine.close()
    for device in ("dla0", "cuda"):
        with pytest.raises(PlanError, match="There is no fp16 plan of audio for tensorrt"):
            TensorRtEngine(GRAPH, EngineOptions("fp16", device=device, cache=tmp_path))


@pytest.mark.parametrize(("core", "there"), [(0, 0), (2, 2), (-1, 2)])
def test_a_dla_core_that_is_not_there_is_refused(trt: Any, gpu: Gpu, core: int, there: int) -> None:
    gpu.dla_cores = there
    with pytest.raises(EngineError, match=f"no DLA core {core}: this machine has {there};"):
        build_plan(trt, GRAPH.read_bytes(), Build(dla=core))
    assert gpu.builds == []


@pytest.mark.parametrize("device", ["cpu", "dla2", "gpu"])
def test_a_device_that_is_none_is_refused(
    install: Callable[[str], Any], tmp_path: Path, device: str
) -> None:
    install("10.3")
    with pytest.raises(EngineError, match=f"engine.device is '{device}'; TensorRT needs auto,"):
        TensorRtEngine(GRAPH, EngineOptions(device=device, cache=tmp_path))


def test_auto_takes_a_plan_for_a_dla_core(trt: Any, gpu: Gpu, tmp_path: Path) -> None:
    options = EngineOptions("fp16", device="dla1", cache=tmp_path)
    assert "There is no fp16 plan" in str(TensorRtEngine.why_not(GRAPH, options))
    keep_plan(tmp_path, plan_key(trt, GRAPH, "fp16", 1), b"a plan")
    assert TensorRtEngine.why_not(GRAPH, options) is None
    for device in ("dla0", "cuda"):
        assert TensorRtEngine.why_not(GRAPH, replace(options, device=device)) is not None
    assert "needs auto, cuda or" in str(
        TensorRtEngine.why_not(GRAPH, replace(options, device="cpu"))
    )


def test_a_dla_core_has_no_plan_in_fp32(trt: Any, gpu: Gpu, tmp_path: Path) -> None:
    gpu.dla_cores = 2
    options = EngineOptions("fp32", device="dla1", cache=tmp_path)
    with pytest.raises(EngineError, match=r"^DLA core 1 cannot calculate in fp32: compile .*fp16"):
        TensorRtEngine.build(GRAPH, options)
    assert gpu.builds == [] and not list(tmp_path.glob("*.plan"))
