"""Outputs that nobody reads: verdicts go on, Ctrl-C ends the run, and the loss is told."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.clock import HandClock
from edge.commands.show import show
from edge.config import load_config
from edge.demo.script import demo_run
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run
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
