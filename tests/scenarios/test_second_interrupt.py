"""Ctrl-C pressed again and again, at any time: no traceback, and the process ends at once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fixtures.waiting import LIMIT_S, Stopwatch

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
RUN = [sys.executable, "-m", "edge", "run", "--file", str(CLIP), "--pace", "live", "--jsonl", "-"]


def press_often(draw: random.Random, asr: str) -> tuple[int, str, float]:
    """The exit code, standard error, and the time to the end from the second press."""
    command = [*RUN, "--set", f"asr.engine={asr}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it runs
        process.send_signal(signal.SIGINT)
        time.sleep(draw.choice([0.0, 0.001, 0.01, 0.05, 0.1, 0.3]) * draw.random())
        with Stopwatch() as watch:
            for _ in range(draw.randint(1, 8)):
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
                time.sleep(0.02 * draw.random())
            try:
                _, told = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        return process.returncode, told, watch.seconds


def check(runs: int, asr: str) -> None:
    draw = random.Random(7)
    for _ in range(runs):
        code, told, took_s = press_often(draw, asr)
        assert "Traceback" not in told and "Exception" not in told, told
        assert code in (0, 130), told  # 0: it had ended in order before the second press
        assert took_s < 1.0


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once() -> None:
    check(3, "none")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("asr", ["none", "pocketsphinx"])
def test_thirty_runs_end_without_a_traceback(asr: str) -> None:
    check(15, asr)


HANGS = """
import os, signal, threading, time
from edge import interrupt
interrupt.install()
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(9)
except KeyboardInterrupt:
    signal.pthread_sigmask(signal.SIG_BLOCK, [])
import ctypes
print("hangs", flush=True)
ctypes.CDLL(None).pause(); ctypes.CDLL(None).sleep(30)
"""


def test_a_process_that_hangs_in_a_library_ends_at_the_second() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None and one.stdout.readline() == "hangs\n"
        time.sleep(0.1)
        one.send_signal(signal.SIGINT)
        try:
            assert one.wait(5) == 130
        finally:
            one.kill()
