"""A plan serves the processor and the driver that it was compiled for, and no others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures.nvidia import keep_plan

from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions, cuda, inductor, onnxruntime, open_engine
from edge.engines.cuda import driver_identity, driver_release
from edge.engines.plans import Plans
from edge.engines.processor import cpu_identity, cpu_model
from edge.engines.tensorrt import TensorRtEngine, plan_key
from edge.errors import PlanError

GRAPH = Bundle.load(default_bundle()).graphs["audio"]
XEON = """processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu avx2 avx512f avx512_vnni amx_int8
processor\t: 1
model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz
flags\t\t: fpu avx2 avx512f avx512_vnni amx_int8
"""
ORIN = """processor\t: 0
BogoMIPS\t: 62.50
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm
CPU implementer\t: 0x41
CPU part\t: 0xd42
"""
CLOSED = """NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023
GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)
"""
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build"
    "  (dvs-builder@U16-A24-23-2)  Thu Feb 22 01:25:25 UTC 2024\n"
    "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n"
)


@pytest.fixture
def on_xeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """From its call on, keys are made as on another processor."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(XEON, "utf-8")

    def other() -> dict[str, str]:
        return cpu_identity(cpuinfo)

    def move() -> None:
        monkeypatch.setattr(onnxruntime, "cpu_identity", other)
        monkeypatch.setattr(inductor, "cpu_identity", other)

    return move


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the system names the loaded driver."""
    monkeypatch.setattr(cuda, "DRIVER_MODULE", tmp_path / "none")
    monkeypatch.setattr(cuda, "DRIVER_PROC", tmp_path / "version")
    return tmp_path / "version"


def test_a_processor_is_its_model_and_its_instructions(tmp_path: Path) -> None:
    file, board = tmp_path / "cpuinfo", tmp_path / "model"
    file.write_text(XEON, "utf-8")
    xeon = cpu_identity(file, board)
    assert xeon["CPU"] == "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"
    file.write_text(XEON.replace("avx2 avx512f", "avx512f avx2"), "utf-8")
    assert cpu_identity(file, board) == xeon
    file.write_text(XEON.replace(" amx_int8", ""), "utf-8")
    assert cpu_identity(file, board)["CPU instructions"] != xeon["CPU instructions"]
    file.write_text(ORIN, "utf-8")
    board.write_text("NVIDIA Jetson AGX Orin Developer Kit\0", "utf-8")
    orin = cpu_identity(file, board)
    assert orin["CPU"] == "NVIDIA Jetson AGX Orin Developer Kit" and "CPU instructions" in orin


def test_a_system_without_cpuinfo_has_an_architecture_alone(tmp_path: Path) -> None:
    found = cpu_identity(tmp_path / "none", tmp_path / "none")
    assert list(found) == ["CPU"] and found["CPU"] == cpu_model(tmp_path / "none", tmp_path)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_reduced_graph_of_another_processor_is_refused(
    tmp_path: Path, on_xeon: Any, precision: Any
) -> None:
    keep_plan(tmp_path, onnxruntime.plan_key(GRAPH, precision), GRAPH.read_bytes())
    options = EngineOptions(precision, cache=tmp_path)
    open_engine("onnxruntime", GRAPH, options).close()
    on_xeon()
    with pytest.raises(PlanError) as error:
        open_engine("onnxruntime", GRAPH, options)
    said = str(error.value)
    assert f"was compiled for CPU {cpu_model()}, and this is Intel(R) Xeon(R)" in said
    assert "\n" not in said and said.endswith("compile one with `cdat-export compile`.")


def test_a_package_of_another_processor_is_refused(tmp_path: Path, on_xeon: Any) -> None:
    """It is compiled with -march=native: an instruction that is missing would end the process."""
    torch = pytest.importorskip("torch")
    keep_plan(tmp_path, inductor.plan_key(torch, GRAPH, "fp32", "cpu"), b"a package")
    options = EngineOptions(device="cpu", cache=tmp_path)
    assert inductor.InductorEngine.why_not(GRAPH, options) is None
    on_xeon()
    said = str(inductor.InductorEngine.why_not(GRAPH, options))
    assert f"was compiled for CPU {cpu_model()}, and this is Intel(R) Xeon(R)" in said


def test_a_package_for_a_gpu_names_cuda_and_the_driver(tmp_path: Path, driver: Path) -> None:
    """torch here has no GPU: what it would say of one is given."""
    card = SimpleNamespace(name="NVIDIA H100 80GB HBM3", major=9, minor=0)
    torch = SimpleNamespace(
        __version__="2.13.0",
        version=SimpleNamespace(cuda="13.0"),
        cuda=SimpleNamespace(get_device_properties=lambda number: card),
    )
    driver.write_text(OPEN, "utf-8")
    key = inductor.plan_key(torch, GRAPH, "fp16", "cuda")
    assert key.machine["CUDA"] == "13.0" and key.machine.items() >= cpu_identity().items()
    keep_plan(tmp_path / "plans", key, b"a package")
    driver.write_text(OPEN.replace("550.54.14", "550.163.01"), "utf-8")
    with pytest.raises(PlanError, match=r"driver release 550\.54\.14, and this is 550\.163\.01;"):
        Plans(tmp_path / "plans").find(inductor.plan_key(torch, GRAPH, "fp16", "cuda"))


def test_a_plan_of_an_earlier_driver_of_the_same_cuda_is_refused(
    trt: Any, driver: Path, tmp_path: Path
) -> None:
    driver.write_text(OPEN, "utf-8")
    keep_plan(tmp_path / "plans", plan_key(trt, GRAPH, "fp16"), b"a plan")
    options = EngineOptions("fp16", cache=tmp_path / "plans")
    assert TensorRtEngine.why_not(GRAPH, options) is None
    driver.write_text(OPEN.replace("550.54.14", "550.163.01"), "utf-8")
    said = str(TensorRtEngine.why_not(GRAPH, options))
    assert "was compiled for driver release 550.54.14, and this is 550.163.01;" in said


@pytest.mark.parametrize(
    ("text", "release"),
    [(CLOSED, "535.129.03"), (OPEN, "550.54.14"), ("540.3.0\n", "540.3.0"), ("", None)],
)
def test_the_drivers_release_is_read(driver: Path, text: str, release: str | None) -> None:
    driver.write_text(text, "utf-8")
    assert driver_release() == release


def test_a_system_that_does_not_tell_the_driver(driver: Path) -> None:
    assert driver_release() is None and "driver release" not in driver_identity()
