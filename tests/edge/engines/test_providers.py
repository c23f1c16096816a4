"""ONNX Runtime's providers: what each device asks for, and a sentence where it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.unprivileged import unprivileged

from edge.engines import EngineOptions
from edge.engines.providers import providers
from edge.errors import EngineError

ALL = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider"]
ALL += ["CoreMLExecutionProvider", "CPUExecutionProvider"]


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX Runtime that has every provider."""
    monkeypatch.setattr("edge.engines.providers.ort.get_available_providers", lambda: ALL)


def names(device: str, cache: Path) -> list[str]:
    asked = providers(EngineOptions(device=device, cache=cache))
    return [name.removesuffix("ExecutionProvider") for name, _ in asked]


def test_each_device_asks_for_its_provider(everywhere: None, tmp_path: Path) -> None:
    assert names("auto", tmp_path) == ["CUDA", "CPU"]  # never TensorRT's unasked
    assert names("cpu", tmp_path) == ["CPU"]
    assert names("cuda", tmp_path) == ["CUDA"]
    assert names("tensorrt", tmp_path) == ["Tensorrt", "CUDA", "CPU"]
    assert names("openvino", tmp_path) == ["OpenVINO", "CPU"]
    assert names("coreml", tmp_path) == ["CoreML", "CPU"]


@pytest.mark.parametrize(
    ("precision", "flags"), [("fp32", ("0", "0")), ("fp16", ("1", "0")), ("int8", ("0", "1"))]
)
def test_tensorrts_provider_is_told_its_cache_and_precision(
    precision: str, flags: tuple[str, str], everywhere: None, tmp_path: Path
) -> None:
    options = EngineOptions(precision, device="tensorrt", cache=tmp_path)  # type: ignore[arg-type]
    told = providers(options)[0][1]
    folder = tmp_path / "onnxruntime-tensorrt"
    assert folder.is_dir()
    assert told["trt_engine_cache_path"] == told["trt_timing_cache_path"] == str(folder)
    assert told["trt_engine_cache_enable"] == told["trt_timing_cache_enable"] == "1"
    assert (told["trt_fp16_enable"], told["trt_int8_enable"]) == flags


def test_fp32_is_fp32_on_each_device(everywhere: None, tmp_path: Path) -> None:
    def told(device: str) -> dict[str, str]:
        return providers(EngineOptions(device=device, cache=tmp_path))[0][1]

    assert told("cuda")["use_tf32"] == "0"
    assert told("openvino:GPU")["precision"] == told("openvino")["precision"] == "FP32"
    assert told("openvino:GPU")["device_type"] == "GPU"
    assert told("openvino")["cache_dir"] == str(tmp_path / "onnxruntime-openvino")
    assert told("coreml")["MLComputeUnits"] == "CPUAndGPU"
    assert told("coreml")["ModelFormat"] == "MLProgram"


@pytest.mark.parametrize(
    ("device", "package"),
    [
        ("cuda", "onnxruntime-gpu"),
        ("tensorrt", "onnxruntime-gpu"),
        ("openvino:GPU", "onnxruntime-openvino"),
        ("coreml", "onnxruntime, on a Mac"),
    ],
)
def test_a_provider_that_is_not_there_names_its_package(
    device: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.engines.providers.ort.get_available_providers", lambda: ALL[-1:])
    with pytest.raises(EngineError, match=f"install {package}") as error:
        providers(EngineOptions(device=device))
    assert f"engine.device is {device}," in str(error.value)


@pytest.mark.parametrize("device", ["gpu", "cuda:1", "", "CPU"])
def test_an_unknown_device_lists_the_known_ones(device: str) -> None:
    with pytest.raises(EngineError, match="for ONNX Runtime it is auto, cpu, cuda, tensorrt,"):
        providers(EngineOptions(device=device))


def test_a_cache_that_cannot_be_made_is_a_sentence(everywhere: None, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=r"cannot be made .* set engine\.cache"):
        providers(EngineOptions(device="openvino", cache=tmp_path / "file"))


def test_a_cache_that_cannot_be_written_is_a_sentence(
    everywhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a way that nobody may go
    folder = Path("onnxruntime-openvino")
    folder.mkdir()
    folder.chmod(0o500)
    with unprivileged(folder), pytest.raises(EngineError, match=r"made or written \(Permission"):
        providers(EngineOptions(device="openvino", cache=Path()))
    folder.chmod(0o700)
    providers(EngineOptions(device="openvino", cache=Path()))
    assert list(folder.iterdir()) == []
