"""Watches the worker: counts what its inputs did, and starts it again behind one that kills it."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

MAX_MIB = 1536.0
"""More for one input is a find: a picture of 64 million pixels takes a third of it."""
START_S = 120.0
"""The libraries and the first input of a kind may take so long on a busy machine."""
FINDS = ("traceback", "crash", "hang", "memory")


@dataclass
class Found:
    """What the inputs did."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    """By kind."""
    peaks_mib: dict[str, float] = field(default_factory=dict)
    finds: list[str] = field(default_factory=list)
    """A line and the cause of each."""

    def count(self, kind: str, outcome: str, peak_mib: float = 0.0) -> None:
        self.outcomes.setdefault(kind, Counter())[outcome] += 1
        self.peaks_mib[kind] = max(self.peaks_mib.get(kind, 0.0), peak_mib)

    def table(self) -> str:
        """A line a kind, in Markdown, and the sum."""
        columns = ("accepted", "refused", *FINDS)
        lines = [f"| kind | inputs | {' | '.join(columns)} | peak MiB |", "|---" * 9 + "|"]
        total: Counter[str] = Counter()
        for kind, counts in sorted(self.outcomes.items()):
            lines.append(_row(kind, counts, self.peaks_mib[kind], columns))
            total += counts
        lines.append(_row("all", total, max(self.peaks_mib.values(), default=0.0), columns))
        return "\n".join(lines)


def _row(name: str, counts: Counter[str], peak_mib: float, columns: Sequence[str]) -> str:
    # An input that took too much memory was also accepted or refused.
    inputs = sum(count for outcome, count in counts.items() if outcome != "memory")
    cells = " | ".join(str(counts[column]) for column in columns)
    return f"| {name} | {inputs} | {cells} | {peak_mib:.0f} |"


def watch(
    command: Sequence[str],
    seed: int,
    first: int,
    seconds: float,
    keep: Path,
    hang_s: float = 60.0,
    last: int | None = None,
) -> Found:
    """Run `command SEED FIRST`, a worker, for `seconds`, and again behind an input that kills it.

    Args:
        keep: Folder for a copy of each input that is a find.
        hang_s: Time for one input.
        last: The number of the last input; None for as many as there is time for.
    """
    found = Found()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s and (last is None or first <= last):
        with subprocess.Popen(
            [*command, str(seed), str(first)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what decoders say of damage
            stdin=subprocess.PIPE,
        ) as worker:
            try:
                reached = _follow(worker, found, until_s, keep, hang_s, last)
            finally:
                worker.kill()
        if reached is None:
            raise RuntimeError(f"The worker ended before its first input: {' '.join(command)}")
        first = reached + 1
    return found


def _follow(
    worker: subprocess.Popen[bytes],
    found: Found,
    until_s: float,
    keep: Path,
    hang_s: float,
    last: int | None,
) -> int | None:
    """Read what it tells until the time is over or it dies; the last input's number."""
    assert worker.stdout is not None and worker.stdin is not None
    lines: queue.Queue[bytes] = queue.Queue()

    def read(told: IO[bytes]) -> None:
        for line in told:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, args=(worker.stdout,), daemon=True).start()
    running: dict[str, Any] | None = None
    number: int | None = None
    while True:
        now_s = time.monotonic()
        if running is None and (now_s >= until_s or number == last is not None):
            return number if number is not None else -1
        limit_s = START_S if running is None else hang_s
        try:
            line = lines.get(timeout=limit_s)
            hangs = False
        except queue.Empty:
            line, hangs = b"", True
        if not line:
            if running is None:
                return number
            outcome = "hang" if hangs else "crash"
            why = f"no answer in {hang_s:g} s" if hangs else f"exit code {worker.wait()}"
            _find(found, running, outcome, why, keep)
            found.count(running["kind"], outcome)
            return number
        told = json.loads(line)
        if "kind" in told:
            running, number = told, int(told["number"])
            continue
        assert running is not None
        found.count(running["kind"], told["outcome"], told["peak_mib"])
        if told["outcome"] in FINDS:
            _find(found, running, told["outcome"], told["told"], keep)
        if told["peak_mib"] > MAX_MIB:
            found.count(running["kind"], "memory")
            _find(found, running, "memory", f"{told['peak_mib']:.0f} MiB", keep)
        running = None
        if now_s < until_s:
            worker.stdin.write(b"\n")
            worker.stdin.flush()


def _find(found: Found, running: dict[str, Any], outcome: str, why: str, keep: Path) -> None:
    path = Path(running["path"])
    kept = keep / f"{running['kind']}-{running['number']}{path.suffix}"
    keep.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, kept, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, kept)
    found.finds.append(f"{outcome}: {kept}\n{why}")
