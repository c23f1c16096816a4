"""`cdat-export` without its dependencies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from export import cli


@pytest.mark.parametrize("package", ["torch", pytest.param("onnx", marks=pytest.mark.slow)])
def test_a_missing_extra_is_named(package: str, tmp_path: Path):
    program = (
        f"import sys; sys.modules[{package!r}] = None; "
        "from export.cli import main; main(['build', 'run', '--out', 'bundle'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"cdat-export: Exporting needs the package {package}, which is not installed: "
        "pip install 'cdat-edge[export]'."
    )


def test_the_error_message_of_a_library_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def torn(*arguments: object, **options: object) -> None:
        raise OSError("the footer is torn")

    monkeypatch.setattr(cli, "app", torn)
    with pytest.raises(SystemExit) as end:
        cli.main([])
    assert end.value.code == 1
    assert capsys.readouterr().err == "cdat-export: a file: the footer is torn.\n"


def test_a_full_disk_of_temporary_files_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def full(*arguments: object, **options: object) -> None:
        with Path("/dev/full").open("w", buffering=1) as file:
            file.write("one line\n")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as end:
        cli.main([])
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("cdat-export: The disk is full, perhaps that of the temporary files in")
    assert told.endswith(": make room, or set TMPDIR to a folder on another disk.\n")
