"""`cdat-train` without its dependencies, and its help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from train import cli
from train.cli import main

CONFIG = Path(__file__).parents[2] / "configs" / "train" / "default.yaml"


@pytest.mark.parametrize(
    "package",
    ["torch", *(pytest.param(p, marks=pytest.mark.slow) for p in ("pyarrow", "safetensors"))],
)
def test_a_missing_extra_is_named(package: str, tmp_path: Path):
    program = (
        f"import sys; sys.modules[{package!r}] = None; "
        f"from train.cli import main; main(['all', {str(CONFIG)!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"cdat-train: Training needs the package {package}, which is not installed: "
        "pip install 'cdat-edge[train]'."
    )
    assert list(tmp_path.iterdir()) == []


def test_help_lists_every_stage(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert not end.value.code
    shown = capsys.readouterr().out
    for stage in ("all", "encoders", "fusion", "confide", "report"):
        assert stage in shown


def test_the_shipped_configuration_is_valid_and_begins_with_its_command():
    from train.live_config import load

    load(CONFIG)
    assert CONFIG.read_text().splitlines()[0] == "# cdat-train all configs/train/default.yaml"


def test_the_error_message_of_a_library_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def torn(*arguments: object, **options: object) -> None:
        raise OSError("the footer is torn")

    monkeypatch.setattr(cli, "app", torn)
    with pytest.raises(SystemExit) as end:
        cli.main([])
    assert end.value.code == 1
    assert capsys.readouterr().err == "cdat-train: a file: the footer is torn.\n"
