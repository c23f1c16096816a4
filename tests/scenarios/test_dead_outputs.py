"""Outputs that nobody reads: verdicts go on, Ctrl-C ends the run, and the loss is told."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fixtures.full_disk import small_files
from fixtures.verdicts import verdict
from fixtures.waiting import LIMIT_S, Stopwatch, eventually
from rich.console import Console

from edge.clock import HandClock
from edge.commands.outputs import Said
from edge.commands.show import show
from edge.commands.verdict_lines import open_verdict_lines
from edge.config import load_config
from edge.demo.script import demo_run
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run
from edge.runtime.telemetry import Telemetry
from edge.sinks.jsonl import JsonLines

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
EDGE = [sys.executable, "-m", "edge"]
FILE = [*EDGE, "run", "--file", str(CLIP), "--set", "asr.engine=none"]
DEAD_S = 1.0
"""After so long with a full pipe, the next verdict has been there."""
CTRL_S = b"\x13"
LIMIT_TO_END_S = 2.0


def wait(seconds: float) -> None:
    with Stopwatch() as watch:
        eventually(lambda: watch.seconds >= seconds)


@pytest.fixture
def full_pipe() -> Iterator[tuple[int, int]]:
    """A pipe of which only the last line of 4 KiB finds no room."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def waiting_in(reader: int) -> bytes:
    """What stands in the pipe, without waiting for more."""
    os.set_blocking(reader, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(reader, 1 << 16):
            found += part
    return found


@pytest.mark.parametrize(("pace", "number"), [("live", signal.SIGINT), ("fast", signal.SIGTERM)])
def test_a_signal_ends_a_run_whose_standard_output_nobody_reads(
    pace: str, number: signal.Signals, full_pipe: tuple[int, int]
) -> None:
    reader, writer = full_pipe
    command = [*FILE, "--pace", pace, "--set", "window.step_s=0.1", "--jsonl", "-"]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "press Ctrl-C" in process.stderr.readline()
        wait(DEAD_S)
        with Stopwatch() as watch:
            process.send_signal(number)
            try:
                _, told = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
    assert watch.seconds < LIMIT_TO_END_S
    assert process.returncode == 0, told
    assert "note: standard output takes no more: it was abandoned." in told
    verdicts = re.search(r"^(\d+) verdicts", told, re.MULTILINE)
    lost = re.search(r"verdicts: standard output is not read (\d+)", told)
    assert verdicts and lost, told
    lines = waiting_in(reader).splitlines()
    assert len(lines) + int(lost[1]) == int(verdicts[1])
    assert int(lost[1]) > 1  # recognition went on


@pytest.mark.alone  # its end is timed
def test_a_signal_ends_a_run_whose_terminal_is_stopped() -> None:
    """Table, summary and cursor go to a terminal that takes nothing."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*EDGE, "demo", "--seconds", "60"])
    try:
        shown = b""
        while b"\x1b[?25l" not in shown:  # the table begins
            shown += os.read(terminal, 4096)
        os.write(terminal, CTRL_S)
        wait(DEAD_S)  # a picture of the table waits
        ended: list[int] = []
        with Stopwatch() as watch:
            os.kill(child, signal.SIGINT)
            waiter = threading.Thread(target=lambda: ended.append(os.waitpid(child, 0)[1]))
            waiter.start()
            waiter.join(LIMIT_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            if not ended:
                os.kill(child, signal.SIGKILL)
        os.close(terminal)
    assert watch.seconds < LIMIT_TO_END_S
    assert ended and os.waitstatus_to_exitcode(ended[0]) == 0


@pytest.mark.slow
def test_verdicts_of_a_live_run_go_on_beside_an_output_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    over = threading.Event()
    hung: list[bool] = []

    def hang(sink: JsonLines, verdict: Verdict) -> None:
        hung.append(over.wait(LIMIT_S))

    monkeypatch.setattr(JsonLines, "write", hang)
    path = tmp_path / "v.jsonl"
    config = load_config(None, [], {"output.jsonl": str(path), "output.table": False})
    show(config, lambda config: demo_run(config, 5, HandClock()))
    assert not hung
    over.set()
    told = "".join(capfd.readouterr())
    assert f"{path} takes no more: it was abandoned." in told
    assert "20 verdicts" in told and "is not read 20" in told


class Live:
    """What an output asks of a live run."""

    offline = False

    def __init__(self) -> None:
        self.telemetry = Telemetry()


def test_lines_of_a_live_run_go_on_once_a_full_disk_has_room(tmp_path: Path) -> None:
    run, path = Live(), tmp_path / "v.jsonl"
    lines = open_verdict_lines(str(path), 100, lambda: cast(Run, run))
    with small_files(2500):
        for seq in range(10):
            lines.write(verdict(seq))
    before = len(path.read_text().splitlines())
    lines.write(verdict(10))
    lines.close()
    seqs = [json.loads(line)["seq"] for line in path.read_text().splitlines()]
    assert seqs == [*range(before), 10]
    assert run.telemetry.drops_so_far() == {f"verdicts: {path}: File too large": 10 - before}
    (note,) = run.telemetry.notes
    assert "lines are lost until it can be again. The run continues." in note


@pytest.mark.slow
def test_a_disk_that_is_full_ends_no_live_run() -> None:
    command = [*FILE, "--pace", "live", "--seconds", "2", "--jsonl", "/dev/full"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT_S)
    assert ended.returncode == 0, ended.stderr
    assert "8 verdicts" in ended.stderr
    assert "/dev/full: No space left on device 8" in ended.stderr


def test_a_screen_that_fails_is_told_at_its_end_alone() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115  # closing it fails
    try:
        say = Said(Console(file=full))
        for _ in range(5):
            say("a sentence")
            wait(0.02)
        with pytest.raises(OSError, match="No space left"):
            say.close()
        say.close()
    finally:
        with contextlib.suppress(OSError):  # what it holds cannot be written either
            full.close()


def test_a_file_at_full_speed_waits_for_an_output_that_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, path = JsonLines.write, tmp_path / "v.jsonl"

    def slow(sink: JsonLines, verdict: Verdict) -> None:
        threading.Event().wait(0.05)  # in all, longer than a live run would wait at its end
        write(sink, verdict)

    monkeypatch.setattr(JsonLines, "write", slow)
    options = {"source.file": str(CLIP), "output.jsonl": str(path), "asr.engine": "none"}
    config = load_config(None, [], options)
    runs: list[Run] = []
    show(config, lambda config: runs.append(Run(config)) or runs[-1])  # type: ignore[func-returns-value]
    assert len(path.read_text("utf-8").splitlines()) == runs[0].telemetry.verdicts >= 40
    assert not runs[0].telemetry.drops
