"""The command among shells, pipes, terminals and impatient people: never a traceback."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import __version__
from edge.cli import main
from edge.config import load_config
from edge.errors import SourceError
from edge.runtime.feeds import _device
from edge.runtime.run import Run

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
EDGE = f"{sys.executable} -m edge"
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command in this process; gives the exit code and all that it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        told = capfd.readouterr()
        return int(leaving.value.code or 0), told.out + told.err

    return call


def shell(command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=90)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    return done


# Names


@pytest.mark.parametrize("name", ["[/x]", "[red]clip", ":cat:"])
def test_a_name_that_looks_like_markup_is_told_as_it_is(cli: Cli, name: str) -> None:
    code, told = cli("run", "--file", name)
    assert code == 1
    assert told.count(name) == 2  # in the banner and in the complaint


def test_an_address_keeps_its_brackets(cli: Cli) -> None:
    url = "http://[::1]:9/video"
    code, told = cli("run", "--camera", url, "--mic", "none")
    assert code == 1 and told.count(url) == 2


def test_a_digit_that_is_no_number_is_a_name(cli: Cli) -> None:
    assert (_device("2", None), _device("²", None)) == (2, "²")
    code, told = cli("run", "--camera", "²", "--mic", "none")
    assert code == 1 and "²" in told and "Traceback" not in told


# Endless numbers


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--file", str(CLIP), "--seconds", "inf"],
        ["run", "--file", str(CLIP), "--seconds", "1e300"],
        ["run", "--file", str(CLIP), "--record", "rec", "--set", "record.max_mb=.inf"],
        ["demo", "--seconds", "inf"],
        ["demo", "--seconds", "nan"],
        ["bench", "--seconds", "inf"],
        ["bench", "--seconds", "nan"],
        ["bench", "--durations", "nan"],
    ],
)
def test_what_never_ends_is_refused(
    cli: Cli, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = cli(*arguments)
    assert code in (1, 2), told
    assert "seconds" in told or "max_mb" in told or "duration_s" in told
    assert not list(tmp_path.iterdir())


# Standard streams


@pytest.mark.parametrize(
    "closed",
    [
        *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "2>&-", "<&-")),
        "<&- >&- 2>&-",
    ],
)
def test_closed_standard_streams_are_done_without(closed: str, tmp_path: Path) -> None:
    out = tmp_path / "v.jsonl"
    done = shell(f"{EDGE} run --file {CLIP} --set asr.engine=none --jsonl {out} {closed}")
    assert done.returncode == 0, done.stderr
    lines = out.read_text("utf-8").splitlines()
    assert len(lines) >= 40
    assert all(line.startswith("{") for line in lines)  # and nothing that was meant to be read


def test_verdicts_for_a_closed_standard_output_are_not_lost_in_silence() -> None:
    done = shell(f"{EDGE} run --file {CLIP} --set asr.engine=none --jsonl - >&-")
    assert done.returncode == 1
    assert "--jsonl - cannot be written: it is closed; open standard output" in done.stderr


def test_a_working_folder_that_was_removed_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    run = f"{EDGE} run --file {CLIP} --set asr.engine=none --jsonl v.jsonl"
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        f'cd "{folder}" && rmdir "{folder}" && {run}',
        shell=True,
        env=path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("cdat-edge: The working folder was")


@pytest.mark.parametrize("module", ["edge", "train", "export"])
def test_every_command_tells_its_version(module: str) -> None:
    done = shell(f"{sys.executable} -m {module} --version")
    assert (done.returncode, done.stdout) == (0, f"cdat-{module} {__version__}\n")


@pytest.mark.parametrize("command", ["devices", "--version"])
def test_a_full_disk_behind_standard_output_is_one_sentence(command: str) -> None:
    done = shell(f"{EDGE} {command} > /dev/full")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_hears_nothing(tmp_path: Path) -> None:
    done = shell(f"set -o pipefail; (sleep 3; {EDGE} devices) | true")
    assert done.returncode == 1
    assert done.stderr == ""


# Ctrl-C


@pytest.mark.parametrize("module", ["edge", "train", "export"])
@pytest.mark.parametrize("library", ["typer", "edge.errors"])
def test_ctrl_c_while_libraries_load_is_quiet(module: str, library: str) -> None:
    """The signal comes just when `library` is about to be imported."""
    code = (
        "import os, runpy, signal, sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {library!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Impatient())\n"
        f"sys.argv = ['cdat', '--help']\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert done.stderr == ""


def test_a_second_ctrl_c_ends_a_run_that_hangs_and_leaves_the_cursor_visible() -> None:
    code = (
        "import sys, threading, time\n"
        "from rich.console import Console\n"
        "from edge.commands.stop_signals import signals_stop\n"
        "from edge.sinks.table import LiveTable\n"
        "class Hanging:\n"
        "    def stop(self): print('told to stop', flush=True)\n"
        "with signals_stop(Hanging(), sys.stdout):\n"
        "    table = LiveTable(Console(force_terminal=True))\n"
        "    time.sleep(60)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    shown = b""
    try:
        for awaited in (b"\x1b[?25l", b"told to stop"):
            while awaited not in shown:
                shown += os.read(terminal, 4096)
            os.kill(child, signal.SIGINT)
            time.sleep(0.1)
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while part := os.read(terminal, 4096):
                shown += part
        _, status = os.waitpid(child, 0)
    finally:
        os.close(terminal)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 130
    assert b"Traceback" not in shown
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") >= 0


# A start that fails


def test_a_start_that_fails_leaves_no_recording_and_closes_the_recognizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rec"
    options = {"source.file": str(tmp_path / "none.mp4"), "record.folder": str(folder)}
    run = Run(load_config(None, [], options))
    closed = []
    close = run.recognizer.close

    def noted() -> None:
        closed.append(True)
        close()

    monkeypatch.setattr(run.recognizer, "close", noted)
    with pytest.raises(SourceError, match=r"none\.mp4"):
        list(run.verdicts())
    assert closed
    assert not folder.exists()
