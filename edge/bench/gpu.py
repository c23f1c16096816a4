"""GPU memory and power during a run, as reported by nvidia-smi; None without it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from edge.bench.process import bystander

QUERY = "name,memory.used,power.draw,utilization.gpu"


class GpuWatch:
    """The values read once a second, one row a GPU."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def summary(self) -> list[dict[str, Any]] | None:
        """One entry a GPU model; None without a GPU. A value that a GPU does not report is None."""
        by_name: dict[str, list[list[str]]] = {}
        for row in self.rows:
            by_name.setdefault(row[0], []).append(row)
        if not by_name:
            return None
        return [
            {
                "name": name,
                "memory_mib_max": max(_numbers(rows, 1), default=None),
                "power_w_mean": _mean(_numbers(rows, 2)),
                "busy_percent_mean": _mean(_numbers(rows, 3)),
            }
            for name, rows in by_name.items()
        ]


@contextmanager
def watch_gpu() -> Iterator[GpuWatch]:
    """Measure in a separate process, so that its cost is not measured."""
    watched = GpuWatch()
    tool = shutil.which("nvidia-smi")
    if tool is None:
        yield watched
        return
    command = [tool, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits", "--loop=1"]
    with tempfile.TemporaryFile("w+") as out:
        try:
            with bystander(command, out):
                yield watched
        finally:
            watched.rows = _rows(out)


def _rows(out: IO[str]) -> list[list[str]]:
    out.seek(0)
    rows = [[field.strip() for field in line.split(",")] for line in out]
    return [row for row in rows if len(row) == len(QUERY.split(","))]


def _numbers(rows: list[list[str]], column: int) -> list[float]:
    """The numeric values: a Jetson reports "[N/A]" for some."""
    found = []
    for row in rows:
        try:
            found.append(float(row[column]))
        except ValueError:
            continue
    return found


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
