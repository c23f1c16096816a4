"""What the suite promises about itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPS = """
import pytest

def test_part(): pytest.skip("flite is not installed")

@pytest.mark.skipif(True, reason="not as root")
def test_mark(): pass

@pytest.mark.xfail
def test_known(): assert False

def test_data(): pytest.skip("no real data at /nowhere")
"""


def outcome(folder: Path, name: str, code: str, **env: str) -> str:
    """The last line that pytest says about a file under this suite's conftest."""
    (folder / name).write_text(code)
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", name]
    done = subprocess.run(
        [*command, f"--rootdir={folder}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("ci", "says"),
    [("", "3 skipped, 1 xfailed"), ("true", "1 failed, 1 skipped, 1 xfailed, 1 error")],
)
@pytest.mark.slow
def test_ci_fails_on_a_skip_unless_data_is_absent(tmp_path: Path, ci: str, says: str) -> None:
    assert says in outcome(tmp_path, "test_skips.py", SKIPS, CI=ci)


@pytest.mark.slow
def test_ci_fails_on_a_module_that_skips_itself(tmp_path: Path) -> None:
    code = "import pytest\npytest.importorskip('no_such_module')\n"
    assert "1 error" in outcome(tmp_path, "test_module.py", code, CI="true")


@pytest.mark.slow
def test_ctrl_c_reaches_what_tests_start_though_the_shell_ignores_it(tmp_path: Path) -> None:
    """A shell does so for what it starts in the background: six tests failed there."""
    code = (
        "import os, signal, subprocess, sys\n"
        "KILL = 'import os, signal; os.kill(os.getpid(), signal.SIGINT)'\n"
        "def test_child():\n"
        "    done = subprocess.run([sys.executable, '-c', KILL], stderr=subprocess.DEVNULL)\n"
        "    assert done.returncode == -signal.SIGINT\n"
    )
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert "1 passed" in outcome(tmp_path, "test_background.py", code)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_longest_files_are_there() -> None:
    """A file that is renamed would no longer begin first."""
    names = (TESTS / "longest.txt").read_text("utf-8").split()
    assert len(set(names)) == len(names)
    assert [name for name in names if not (TESTS.parent / name).is_file()] == []
