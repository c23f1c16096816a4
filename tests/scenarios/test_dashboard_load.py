"""Pages cost the recogniser nothing that a subscriber would notice: it misses no step.

    pytest tests/scenarios/test_dashboard_load.py -m soak -s

prints what docs/dashboard.md tells.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STEP_S = 0.25
WINDOW_S = 3.0


def run_with_pages(chromium: Any, pages: int, seconds: float, folder: Path) -> dict[str, float]:
    """A demo with so many pages open: its verdicts and their latency after the first window."""
    out = folder / f"{pages}.jsonl"
    command = [sys.executable, "-m", "edge", "demo", "--seconds", str(seconds)]
    command += ["--jsonl", str(out)] + (["--dashboard-at", "127.0.0.1:0"] if pages else [])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        context = chromium.new_context()
        if pages:
            url = next(f[0] for line in run.stderr if (f := re.search(r"http://\S+", line)))
            opened = [context.new_page() for _ in range(pages)]
            for page in opened:
                page.goto(url)
        said = run.stderr.read()
        assert run.wait(30) == 0, said
        shown = 0
        if pages:
            shown = sum("The run has ended." in page.inner_text("body") for page in opened)
            memory = [page.evaluate("performance.memory.usedJSHeapSize / 2**20") for page in opened]
        context.close()
    assert shown == pages, "a page had stopped following the run"
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    total_ms = [line["latency_ms"]["total"] for line in lines[round(WINDOW_S / STEP_S) :]]
    return {
        "pages": pages,
        "verdicts": len(lines),
        "asked": seconds / STEP_S,
        "skipped": lines[-1]["seq"] + 1 - len(lines),
        "total_p50_ms": float(np.percentile(total_ms, 50)),
        "total_p99_ms": float(np.percentile(total_ms, 99)),
        "page_mib": max(memory) if pages else 0.0,
    }


def held(row: dict[str, float]) -> None:
    print({key: round(value, 2) for key, value in row.items()})
    assert row["verdicts"] >= 0.99 * row["asked"]
    assert not row["skipped"]


@pytest.mark.alone
@pytest.mark.slow
def test_three_pages_cost_no_step(chromium: Any, tmp_path: Path) -> None:
    held(run_with_pages(chromium, 3, 15, tmp_path))  # three pages open in up to eight seconds


@pytest.mark.soak
def test_ten_pages_cost_no_step(chromium: Any, tmp_path: Path) -> None:
    for pages in (0, 10, 0, 10):
        held(run_with_pages(chromium, pages, 60, tmp_path))


@pytest.mark.soak
def test_a_page_left_open_for_ten_minutes_costs_no_step_and_does_not_grow(
    chromium: Any, tmp_path: Path
) -> None:
    begun_s = time.monotonic()
    row = run_with_pages(chromium, 1, 600, tmp_path)
    assert time.monotonic() - begun_s >= 600
    held(row)
    assert row["page_mib"] < 200
