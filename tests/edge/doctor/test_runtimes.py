"""The packages of ONNX Runtime, as importlib.metadata sees them: folders on sys.path."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import onnxruntime as ort
import pytest
from fixtures.command import Cli

from edge.config import load_config
from edge.doctor.runtimes import LIBRARIES, check_runtimes, installed_runtimes

CONFIG = load_config(None, [], {})


def distribution(folder: Path, name: str, version: str = "1.22.0") -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_the_package_here_is_well() -> None:
    found = check_runtimes(CONFIG)
    assert found.state == "ok" and ort.__version__ in found.told, found
    assert found.facts["packages"] == installed_runtimes()


@pytest.mark.parametrize("name", ["onnxruntime-gpu", "onnxruntime_gpu", "ONNXRuntime-OpenVINO"])
def test_two_packages_are_told_with_the_command_that_mends_it(site: Path, name: str) -> None:
    distribution(site, name)
    found = check_runtimes(CONFIG)
    plain = name.lower().replace("_", "-")
    assert found.state == "note" and f"onnxruntime and {plain} are installed together" in found.told
    assert f"pip uninstall -y onnxruntime {plain}" in found.advice
    assert f"pip install {plain} (with a GPU)" in found.advice
    assert "without CUDA is loaded" in found.told


@pytest.mark.parametrize("name", ["onnxruntime-extensions", "onnxruntime-genai", "onnx"])
def test_packages_with_a_module_of_their_own_are_no_conflict(site: Path, name: str) -> None:
    distribution(site, name)
    assert name not in installed_runtimes()
    assert check_runtimes(CONFIG).state == "ok"


def test_a_gpu_package_without_cuda_names_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real loader, on a file that is no library: what it says of one without its needs."""
    distribution(tmp_path, "onnxruntime-gpu")
    (tmp_path / "onnxruntime" / "capi").mkdir(parents=True)
    (tmp_path / "onnxruntime" / "capi" / LIBRARIES[0]).write_bytes(b"no library")
    monkeypatch.setattr(ort, "__file__", str(tmp_path / "onnxruntime" / "__init__.py"))
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr("edge.doctor.runtimes.load_cuda", lambda: None)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    found = check_runtimes(CONFIG)
    assert found.state == "note" and "onnxruntime-gpu cannot load its CUDA provider" in found.told
    assert found.facts["missing"] == LIBRARIES[0]
    assert "pip install 'onnxruntime-gpu[cuda,cudnn]'" in found.advice


def test_the_command_tells_it(cli: Cli, site: Path) -> None:
    distribution(site, "onnxruntime-gpu")
    code, told, error = cli("doctor", "--no-capture", "--asr", "none")
    assert code == 0, told + error
    assert "installed together" in " ".join(told.split())
    shutil.rmtree(next(site.iterdir()))
