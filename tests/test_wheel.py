"""The wheel holds everything that a run needs: no source tree, another folder."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from fixtures.command import Cli
from fixtures.installed import ROOT, Installed
from fixtures.media import write_clip

from edge import __version__
from edge.config.packaged import config_file, packaged_folder
from edge.config.yaml_keys import read_yaml

CONFIGS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.yaml"))


def test_a_configuration_on_disk_wins_and_another_is_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = Path("configs/edge/camera_only.yaml")
    assert read_yaml(named, "it") == read_yaml(ROOT / named, "it")
    named.parent.mkdir(parents=True)
    named.write_text("seconds: 7\n")
    assert read_yaml(named, "it") == {"seconds": 7}


@pytest.mark.parametrize(
    "name", ["configs/edge/none.yaml", "other/edge/default.yaml", "default.yaml", "configs"]
)
def test_what_the_package_lacks_is_not_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_file(Path(name)) == Path(name)


def test_no_name_leads_out_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config_file(Path("configs/../pyproject.toml")) == Path("configs/../pyproject.toml")
    assert packaged_folder().is_dir()


def test_a_missing_configuration_is_one_sentence(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, error = cli("run", "--config", "configs/edge/none.yaml")
    assert code == 1 and "configs/edge/none.yaml cannot be read" in error
    assert "Traceback" not in error


def test_the_version_is_written_once() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8").split("\n[")[1]
    assert project.startswith("project]") and 'dynamic = ["version"]' in project
    assert not re.search(r"^version *=", project, re.M)
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


@pytest.mark.slow
def test_the_wheel_holds_the_configurations_and_no_more_than_the_packages(
    installed: Installed,
) -> None:
    assert installed.wheel.name == f"cdat_edge-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
    assert {f"edge/assets/{name}" for name in CONFIGS} <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"edge", "train", "export", f"cdat_edge-{__version__}.dist-info"}
    in_tree = {
        str(path.relative_to(ROOT))
        for package in ("edge", "train", "export")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert not in_tree - set(names)


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_in_another_folder(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run("cdat-edge", "demo", "--seconds", "6", "--jsonl", "-", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) > 5 and any(one["label"] for one in verdicts)


@pytest.mark.slow
def test_a_clip_runs_from_the_wheel_by_a_packaged_configuration(
    installed: Installed, tmp_path: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", 2.0)
    given = ("run", "--config", "configs/edge/default.yaml", "--file", "clip.mp4", "--jsonl", "-")
    done = installed.run("cdat-edge", *given, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"schema"') > 2
    assert installed.run("cdat-edge", "--version", folder=tmp_path).stdout.strip() == (
        f"cdat-edge {__version__}"
    )


@pytest.mark.slow
def test_training_from_the_wheel_finds_its_configuration(
    installed: Installed, tmp_path: Path
) -> None:
    data = tmp_path / "no-data"
    given = ("all", "configs/train/first.yaml", "--data", str(data), "--out", "runs/first")
    done = installed.run("cdat-train", *given, folder=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "configs/train" not in done.stderr and "no-data" in done.stderr, done.stderr
