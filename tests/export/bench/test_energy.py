"""Energy of a measurement: tegrastats' lines of several boards, and a machine without a meter."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import pytest

from edge.errors import EngineError
from export.bench.energy import energy_meter, metered, powers_mw

ORIN_NANO = (
    "10-12-2024 10:11:12 RAM 2448/7620MB (lfb 3x4MB) SWAP 0/3810MB (cached 0MB) CPU [3%@1510,"
    "0%@1510,1%@1510,0%@729,0%@729] EMC_FREQ 0%@2133 GR3D_FREQ 0%@[305] VIC off APE 200 cpu@46.1C"
    " soc2@45.6C gpu@46.9C tj@46.9C VDD_IN 4820mW/4801mW VDD_CPU_GPU_CV 599mW/580mW VDD_SOC"
    " 1439mW/1430mW\n"
)
AGX_ORIN = (
    "RAM 4722/30536MB (lfb 5x4MB) SWAP 0/15268MB (cached 0MB) CPU [2%@729,0%@729] EMC_FREQ 0%@2133"
    " GR3D_FREQ 0%@[0,0] CPU@48.5C Tboard@37C SOC2@44.9C Tdiode@37.7C VDD_GPU_SOC 2400mW/2390mW"
    " VDD_CPU_CV 800mW/790mW VIN_SYS_5V0 4300mW/4250mW NC 0mW/0mW VDDQ_VDD2_1V8AO 500mW/500mW NC"
    " 0mW/0mW\n"
)
AGX_XAVIER = (
    "RAM 729/15692MB (lfb 3251x4MB) CPU [1%@1190,1%@1190] EMC_FREQ 0% GR3D_FREQ 0% AO@32.5C GPU@32C"
    " Tboard@32C AUX@31.5C CPU@33.5C thermal@32.9C PMIC@100C GPU 0/0 CPU 216/216 SOC 864/864 CV 0/0"
    " VDDRQ 144/144 SYS5V 1889/1889\n"
)
NANO = (
    "RAM 1903/3964MB (lfb 33x4MB) SWAP 0/1982MB (cached 0MB) CPU [12%@1479,5%@1479,3%@1479,4%@1479]"
    " EMC_FREQ 0% GR3D_FREQ 0% PLL@31.5C CPU@34C PMIC@100C GPU@32C AO@40C thermal@33C POM_5V_IN"
    " 2158/2158 POM_5V_GPU 41/41 POM_5V_CPU 458/458\n"
)


@pytest.mark.parametrize(
    ("lines", "power_mw"),
    [
        (ORIN_NANO * 2, [4820, 4820]),
        (AGX_ORIN, [2400 + 800 + 4300]),
        (AGX_XAVIER, [216 + 864 + 144 + 1889]),
        (NANO, [2158]),
        (ORIN_NANO + "RAM 2448/7620MB (lfb 3x4MB)\n", [4820]),
        ("", []),
    ],
)
def test_the_power_of_a_whole_module(lines: str, power_mw: list[int]) -> None:
    assert powers_mw(lines) == power_mw


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found, without NVML."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pynvml", None)
    return tmp_path


def test_tegrastats_power_over_the_time_is_the_energy(programs: Path) -> None:
    tool = programs / "tegrastats"
    tool.write_text(f"#!/bin/sh\nwhile :; do echo '{ORIN_NANO.strip()}'; /bin/sleep 0.05; done\n")
    tool.chmod(0o755)
    assert energy_meter() == "tegrastats, of the whole module"
    begin = time.perf_counter()
    with metered() as energy:
        time.sleep(2)  # a busy machine starts the tool late
    most_s = time.perf_counter() - begin
    assert energy.joules is not None and 4.82 * 2 <= energy.joules <= 4.82 * most_s


def test_without_a_meter_there_is_no_energy_and_the_package_is_named(programs: Path) -> None:
    with metered() as energy:
        pass
    assert energy.joules is None
    with pytest.raises(EngineError, match=r"needs the package nvidia-ml-py: pip install"):
        energy_meter()


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a driver")
def test_a_driver_that_nvml_does_not_find_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pynvml")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineError, match=r"^NVML does not .* energy: NVML Shared Library Not F"):
        energy_meter()
    with metered() as energy:
        pass
    assert energy.joules is None
