"""A whole bundle compiled for TensorRT, which is stood in for, and used by the runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.cuda_stand_in import Cuda
from fixtures.media import write_clip
from fixtures.tensorrt_stand_in import RELEASES, Gpu
from fixtures.waiting import LIMIT_S

import edge
from edge.bundle import Bundle, default_bundle
from edge.bundle.golden import read_golden
from edge.bundle.networks import Networks
from edge.engines import EngineOptions, Precision
from edge.engines.plans import Plans
from edge.errors import EngineError, PlanError
from export.plans.compile import Reduction, compile_bundle
from export.plans.tensorrt import tensorrt_compiler

BUNDLE = Bundle.load(default_bundle())
GOLDEN = read_golden(BUNDLE)


def compiled(folder: Path, precision: Precision = "fp32", again: bool = False) -> list[str]:
    """What compiling says. Ranges of 8 bits come from the golden inputs: a check of the path."""
    said: list[str] = []
    calibration: Any = {
        name: ([case.inputs for case in cases] * 64)[:64] for name, cases in GOLDEN.items()
    }
    reduction = Reduction(tensorrt_compiler("fp32", {}), "auto", None, only_faster=False)
    compile_bundle(
        BUNDLE,
        "tensorrt",
        EngineOptions(precision, cache=folder),
        tensorrt_compiler(precision, calibration),
        said.append,
        None if precision == "fp32" else reduction,
        again,
        lambda number, graphs, what: said.append(what),
    )
    return said


@pytest.mark.parametrize(
    ("release", "precision"),
    [
        *((release, "fp16") for release in RELEASES),
        ("8.6", "int8"),
        ("11.1", "int8"),
        *(pytest.param(release, "fp32", marks=pytest.mark.slow) for release in RELEASES),
    ],
)
def test_a_compiled_bundle_serves(
    install: Callable[[str], Any], tmp_path: Path, release: str, precision: Precision
) -> None:
    trt = install(release)
    assert not any("fp32" in line for line in compiled(tmp_path, precision)) or precision == "fp32"
    options = EngineOptions(precision, cache=tmp_path)
    networks, plain = Networks(BUNDLE, "tensorrt", options), Networks(BUNDLE)
    assert networks.device == f"tensorrt {trt.__version__} {precision}"
    for case in GOLDEN["fusion"]:
        given: Any = case.inputs["embeddings"], case.inputs["quality"]
        ours, theirs = networks.fuse(*given), plain.fuse(*given)
        if precision != "int8":  # whose ranges are too poor here
            assert (ours.outputs.argmax(1) == theirs.outputs.argmax(1)).all()
        tolerance = BUNDLE.manifest.tolerance_of(precision)
        np.testing.assert_allclose(ours.confidence, theirs.confidence, atol=tolerance)
    networks.close()
    networks.close()


def test_what_is_there_is_compiled_only_again(trt: Any, tmp_path: Path, gpu: Gpu) -> None:
    assert all("compiling for tensorrt in fp32" in line for line in compiled(tmp_path)[::2])
    built = len(gpu.builds)
    assert all(line.endswith(" is there.") for line in compiled(tmp_path))
    assert len(gpu.builds) == built
    assert len(compiled(tmp_path, again=True)) == 2 * len(BUNDLE.graphs)
    assert len(gpu.builds) == 2 * built


@pytest.mark.usefixtures("cuda")
def test_a_plan_with_other_outputs_is_not_kept(
    install: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trt = install("10.3")
    monkeypatch.setattr(trt.IBuilderConfig, "clear_flag", lambda config, flag: None)  # TF32 stays
    with pytest.raises(EngineError, match="does not reproduce the golden outputs"):
        compiled(tmp_path)
    assert list(tmp_path.glob("text-*.plan*")) == [*tmp_path.glob("*.lock")]


def test_what_is_not_kept_on_an_accelerator_runs_in_fp32_on_the_gpu(
    install: Callable[[str], Any], tmp_path: Path, gpu: Gpu
) -> None:
    install("10.3")
    gpu.dla_cores = 1
    options, said = EngineOptions("fp16", device="dla0", cache=tmp_path), list[str]()
    reduction = Reduction(
        tensorrt_compiler("fp32", {}),
        "auto",
        judge=lambda graph, engine: (graph != "text", "The loss is 0.1."),
        only_faster=False,
    )
    on_dla = tensorrt_compiler("fp16", {}, dla=0)
    made = compile_bundle(BUNDLE, "tensorrt", options, on_dla, said.append, reduction)
    assert {one.graph for one in made if one.kept == "fp32"} == {"text"}
    assert "text: The loss is 0.1. It stays in fp32." in said
    networks = Networks(BUNDLE, "tensorrt", options)
    case: Any = GOLDEN["text"][0]
    np.testing.assert_allclose(
        networks.encode("text", case.inputs["words"][0])[0], case.outputs["embedding"][0], atol=1e-5
    )
    networks.close()


@pytest.mark.usefixtures("cuda")
def test_a_plan_that_a_run_builds_and_that_is_wrong_is_removed(
    install: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trt, said = install("10.3"), list[str]()
    monkeypatch.setattr(trt.IBuilderConfig, "clear_flag", lambda config, flag: None)  # TF32 stays
    for _ in range(2):  # the second run finds nothing that is wrong
        networks = Networks(BUNDLE, "tensorrt", EngineOptions(cache=tmp_path), said.append)
        building = networks._serving.building
        assert building is not None and building.join(LIMIT_S)
        networks.close()
        begun, failed = said[-2:]
        assert begun.startswith("tensorrt has no plan of this bundle here")
        assert "does not reproduce the golden outputs" in failed
        assert failed.endswith("The plan is removed.") and "\n" not in failed
        assert [path.suffix for path in tmp_path.glob("text-*")] == [".lock"]


def test_a_clip_gets_the_same_labels_as_with_onnxruntime(
    install: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuda: Cuda
) -> None:
    install("10.13")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    clip = write_clip(tmp_path / "clip.mkv", 3)

    def verdicts(**how: Any) -> list[Any]:
        with edge.open(file=clip, asr="none", **how) as run:
            return list(run)

    with pytest.raises(PlanError, match="compile one with `cdat-export compile`"):
        verdicts(engine="tensorrt", settings={"engine.precision": "fp16"})
    compiled(Plans().folder)
    ours, theirs = verdicts(engine="tensorrt"), verdicts()
    assert [(v.label, v.mask) for v in ours] == [(v.label, v.mask) for v in theirs]
    assert len(ours) == 12 and ours[-1].label is not None
    np.testing.assert_allclose(
        list(ours[-1].scores.values()), list(theirs[-1].scores.values()), atol=1e-4
    )
    assert cuda.calls["cudaGraphLaunch"] > len(ours)
