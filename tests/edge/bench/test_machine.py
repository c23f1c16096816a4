"""The machine of a measurement: what Linux, nvidia-smi, nvpmodel and jetson_clocks tell of it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from edge.bench import device
from edge.bench.device import devfreq_clocks, gpu, jetson_clocks, power_mode, smi_facts
from edge.bench.libraries import versions
from edge.bench.machine import cpu_clocks, machine

H100 = "NVIDIA H100 80GB HBM3, 535.129.03, 1755 MHz, 1980 MHz, 2619 MHz, 2619 MHz, 700.00 W\n"
TESLA = "Tesla T4, 550.54.14, 300 MHz, 1590 MHz, 405 MHz, 5001 MHz, 70.00 W\n"
ORIN = "Orin (nvgpu), 540.3.0, [N/A], [N/A], [N/A], [N/A], [N/A]\n"
NANO_CLOCKS = """SOC family:tegra210  Machine:NVIDIA Jetson Nano Developer Kit
Online CPUs: 0-1
CPU Cluster Switching: Disabled
cpu0: Online=1 Governor=schedutil MinFreq=921600 MaxFreq=921600 CurrentFreq=921600
GPU MinFreq=76800000 MaxFreq=614400000 CurrentFreq=460800000
EMC MinFreq=204000000 MaxFreq=1600000000 CurrentFreq=1600000000 FreqOverride=0
Fan: speed=0
NV Power Mode: 5W
"""
CPUINFO = "processor\t: 0\ncpu MHz\t\t: 2445.404\nprocessor\t: 1\ncpu MHz\t\t: 2599.998\n"


def test_nvidia_smi_tells_the_gpu_its_driver_and_its_clocks() -> None:
    assert smi_facts(H100) == {
        "gpu": "NVIDIA H100 80GB HBM3",
        "driver": "535.129.03",
        "gpu_clock_mhz": 1755,
        "gpu_max_clock_mhz": 1980,
        "gpu_memory_clock_mhz": 2619,
        "gpu_max_memory_clock_mhz": 2619,
        "power_limit_w": 700,
    }
    assert smi_facts(TESLA + H100)["gpu"] == "Tesla T4"


def test_what_nvidia_smi_does_not_tell_is_absent() -> None:
    assert smi_facts(ORIN) == {"gpu": "Orin (nvgpu)", "driver": "540.3.0"}
    for said in ("", "No devices were found\n", "Field 'clocks.sm' is not a valid field"):
        assert smi_facts(said) == {}


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("NV Power Mode: MAXN\n0\n", "MAXN (0)"),
        ("NV Fan Mode:quiet\nNV Power Mode: MODE_15W_6CORE\n2", "MODE_15W_6CORE (2)"),
        ("NVPM WARN: fan mode is not set!\nNV Power Mode: 25W\n1\n", "25W (1)"),
        ("NV Power Mode: MODE_30W", "MODE_30W"),
        ("", None),
        ("NVPM ERROR: Error opening /var/lib/nvpmodel/status: 2\n", None),
    ],
)
def test_the_power_mode_is_nvpmodels_name_and_number(said: str, mode: str | None) -> None:
    assert power_mode(said) == mode


def test_jetson_clocks_tells_the_gpus_and_the_memorys() -> None:
    assert jetson_clocks(NANO_CLOCKS) == {
        "gpu_clock_mhz": 460.8,
        "gpu_max_clock_mhz": 614.4,
        "gpu_memory_clock_mhz": 1600,
        "gpu_max_memory_clock_mhz": 1600,
    }
    assert jetson_clocks("Error: Run this script(/usr/bin/jetson_clocks) as a root user") == {}


@pytest.mark.parametrize("name", ["17000000.gpu", "17000000.ga10b", "57000000.gpu"])
def test_a_jetsons_gpu_is_found_among_the_devices_with_a_clock(tmp_path: Path, name: str) -> None:
    for one, hz in (("15340000.vic", "115200000"), (name, "306000000")):
        (tmp_path / one).mkdir()
        (tmp_path / one / "cur_freq").write_text(hz + "\n")
        (tmp_path / one / "max_freq").write_text("918000000\n")
    assert devfreq_clocks(tmp_path) == {"gpu_clock_mhz": 306, "gpu_max_clock_mhz": 918}
    assert devfreq_clocks(tmp_path / "none") == {}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(device, "DEVFREQ", tmp_path / "devfreq")
    monkeypatch.setattr(device, "driver_release", lambda: None)
    monkeypatch.setattr(device, "L4T_RELEASE", tmp_path / "nv_tegra_release")
    return tmp_path


def test_a_jetson_tells_all_of_it(programs: Path) -> None:
    for name, says in (("nvidia-smi", ORIN), ("nvpmodel", "NV Power Mode: MAXN\n0\n")):
        (programs / name).write_text(f"#!/bin/sh\ncase $1 in -*) printf '%s' '{says}';; esac\n")
        (programs / name).chmod(0o755)
    (programs / "nv_tegra_release").write_text("# R36 (release), REVISION: 4.3, BOARD: generic\n")
    assert gpu() == {
        "gpu": "Orin (nvgpu)",
        "driver": "540.3.0",
        "l4t": "R36 (release), REVISION: 4.3, BOARD: generic",
        "power_mode": "MAXN (0)",
    }


def test_without_a_gpu_nothing_is_told(programs: Path) -> None:
    failing = programs / "nvidia-smi"
    failing.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    failing.chmod(0o755)
    assert gpu() == {}


def test_the_processors_clocks_are_cpufreqs(tmp_path: Path) -> None:
    for number, now_khz in enumerate((800_000, 2_201_600)):
        policy = tmp_path / f"policy{number}"
        policy.mkdir()
        (policy / "scaling_cur_freq").write_text(f"{now_khz}\n")
        (policy / "cpuinfo_max_freq").write_text("2201600\n")
        (policy / "scaling_governor").write_text("schedutil\n")
    assert cpu_clocks(tmp_path) == {
        "cpu_clock_mhz": 2201.6,
        "cpu_max_clock_mhz": 2201.6,
        "cpu_governor": "schedutil",
    }


def test_without_cpufreq_the_clock_is_cpuinfos(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    assert cpu_clocks(tmp_path / "none", tmp_path / "cpuinfo") == {"cpu_clock_mhz": 2599.998}
    assert cpu_clocks(tmp_path / "none", tmp_path / "none") == {}


def test_the_libraries_that_are_installed_have_a_version(tmp_path: Path) -> None:
    found = versions(tmp_path / "none")
    assert found["onnxruntime"] == metadata.version("onnxruntime")
    installed = {one.metadata["Name"].lower() for one in metadata.distributions()}
    for name in ("torch", "onnx", "tensorrt", "cuda-bindings"):
        assert (name in found) == (name in installed)
    toolkit = tmp_path / "version.json"
    toolkit.write_text('{"cuda": {"name": "CUDA SDK", "version": "12.6.68"}}')
    assert versions(toolkit)["CUDA toolkit"] == "12.6.68"
    toolkit.write_text("[]")
    assert "CUDA toolkit" not in versions(toolkit)


def test_the_machine_is_told_without_importing_torch() -> None:
    code = (
        "import sys; from edge.bench.machine import machine; machine();"
        " print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    found = machine()
    assert found["cpu"] and found["cores"] == os.cpu_count() and found["libraries"]["numpy"]
