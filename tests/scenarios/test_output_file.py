"""One output file and two runs; an output file that is rotated."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.waiting import LIMIT_S, Stopwatch, eventually
from rich.console import RenderableType

from edge.clock import HandClock
from edge.commands.show import show
from edge.commands.summary import summary
from edge.config import Config, load_config
from edge.demo.script import demo_run
from edge.runtime.run import Run
from edge.runtime.telemetry import Telemetry

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
FILE = [sys.executable, "-m", "edge", "run", "--file", str(CLIP), "--set", "asr.engine=none"]
LIVE = [*FILE, "--pace", "live", "--set", "window.step_s=0.1"]


def start(path: Path) -> subprocess.Popen[str]:
    """A live run, in a session of its own: it has no terminal."""
    command = [*LIVE, "--jsonl", str(path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stderr=pipe, stdout=pipe, text=True, start_new_session=True)


def has_lines(path: Path) -> Callable[[], bool]:
    return lambda: path.exists() and b"\n" in path.read_bytes()


def seqs(*paths: Path) -> list[int]:
    return [json.loads(line)["seq"] for path in paths for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_a_second_run_to_the_same_file_is_refused_and_costs_the_first_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "v.jsonl"
    with start(path) as first:
        eventually(has_lines(path))
        second = subprocess.run(
            [*FILE, "--jsonl", str(path)], capture_output=True, text=True, timeout=2 * LIMIT_S
        )
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=LIMIT_S)
    assert second.returncode == 1
    sentence = f"cdat-edge: --jsonl {path} is written by another run: give another file."
    assert second.stderr.strip() == sentence
    assert first.returncode == 0
    assert seqs(path) == list(range(len(seqs(path))))


def test_after_sighup_lines_go_to_a_new_file_and_none_is_lost(tmp_path: Path) -> None:
    path, rotated = tmp_path / "v.jsonl", tmp_path / "v.jsonl.1"
    with start(path) as run:
        eventually(has_lines(path))
        path.rename(rotated)
        run.send_signal(signal.SIGHUP)
        eventually(has_lines(path))
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=LIMIT_S)
    assert run.returncode == 0, told
    assert seqs(path)
    both = seqs(rotated, path)
    assert both == list(range(len(both)))
    assert f"{len(both)} verdicts" in told


def test_a_hangup_ends_nothing_while_models_load_or_without_an_output_file(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reached: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: reached.append(number))

    def make(config: Config) -> Run:
        signal.raise_signal(signal.SIGHUP)
        return demo_run(config, 2, HandClock())

    def summed_up(telemetry: Telemetry) -> RenderableType:
        signal.raise_signal(signal.SIGHUP)
        return summary(telemetry)

    monkeypatch.setattr("edge.commands.show.summary", summed_up)
    try:
        show(load_config(None, ["output.table=false", "asr.engine=none"], {}), make)
        assert not reached
        signal.raise_signal(signal.SIGHUP)
        assert reached == [signal.SIGHUP]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "8 verdicts" in "".join(capfd.readouterr())


def test_a_hangup_while_libraries_are_imported_ends_nothing() -> None:
    code = """
import signal, sys
class Knock:
    def find_spec(self, name, *rest):
        if name == "typer":
            signal.raise_signal(signal.SIGHUP)
sys.meta_path.insert(0, Knock())
sys.argv = ["cdat-edge", "--version"]
from edge.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        start_new_session=True,
    )
    assert done.returncode == 0 and "cdat-edge" in done.stdout, done


def test_a_run_ends_when_its_terminal_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    child, terminal = pty.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        demo = [sys.executable, "-m", "edge", "demo", "--seconds", "600", "--jsonl", str(path)]
        os.execv(sys.executable, demo)
    ended = False
    try:
        eventually(has_lines(path))
        os.close(terminal)
        with Stopwatch() as watch:
            eventually(lambda: os.waitpid(child, os.WNOHANG)[0])
            ended = True
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert watch.seconds < 2
    assert path.read_bytes().endswith(b"\n")
