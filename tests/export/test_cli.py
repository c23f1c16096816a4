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
