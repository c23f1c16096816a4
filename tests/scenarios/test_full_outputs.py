"""Outputs that cannot be written: a live run goes on, and the loss is told."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import pytest
from fixtures.full_disk import small_files
from fixtures.verdicts import verdict
from fixtures.waiting import LIMIT_S
from rich.console import Console

from edge.commands.outputs import Said
from edge.commands.verdict_lines import open_verdict_lines
from edge.runtime.run import Run
from edge.runtime.telemetry import Telemetry

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
FILE = [sys.executable, "-m", "edge", "run", "--file", str(CLIP), "--set", "asr.engine=none"]


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
            time.sleep(0.02)  # a sentence is tried before the next one comes
        with pytest.raises(OSError, match="No space left"):
            say.close()
        say.close()
    finally:
        with contextlib.suppress(OSError):  # what it holds cannot be written either
            full.close()
