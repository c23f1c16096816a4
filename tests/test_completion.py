"""The shell completes each program's commands and options, as docs/install.md says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]


def bash(command: str, home: Path) -> str:
    """What a bash of a user without settings prints."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{command}; exit $?"],  # not exec: its parent is asked for
        env={**os.environ, "HOME": str(home), "PATH": path, "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "words", "completed"),
    [
        ("cdat-edge", "do", "doctor"),
        ("cdat-edge", "run --peo", "--people"),
        ("cdat-train", "ext", "extract"),
        ("cdat-export", "veri", "verify"),
    ],
)
def test_bash_completes_each_program(
    program: str, words: str, completed: str, tmp_path: Path
) -> None:
    assert f"{program} --install-completion" in (ROOT / "docs" / "install.md").read_text("utf-8")
    bash(f"{program} --install-completion bash", tmp_path)
    (script,) = (tmp_path / ".bash_completions").iterdir()
    assert str(script) in (tmp_path / ".bashrc").read_text("utf-8")
    line = f"{program} {words}"
    typed = f'COMP_WORDS=({line}); COMP_CWORD={len(words.split())}; COMP_LINE="{line}"'
    function = f"$(complete -p {program} | grep -o '_[a-z_]*completion') {program}"
    told = bash(f'. {script}; {typed}; {function}; echo "${{COMPREPLY[@]}}"', tmp_path)
    assert told.split() == [completed]
