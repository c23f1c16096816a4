"""The examples, and the pages that show how to extend: each is run as it stands."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.media import write_clip
from fixtures.mjpeg import MjpegCamera, mjpeg_server

__all__ = ["mjpeg_server"]

ROOT = Path(__file__).parents[1]


def run_python(*arguments: str) -> str:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_becomes_a_table(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    run_python(str(ROOT / "examples" / "file_to_csv.py"), str(clip), str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert [float(row["to_s"]) for row in rows[:3]] == [0.25, 0.5, 0.75]
    assert float(rows[0]["from_s"]) == 0.0


def test_a_live_run_calls_back(mjpeg_server: Callable[..., MjpegCamera]) -> None:
    camera = mjpeg_server()
    live = str(ROOT / "examples" / "live_callback.py")
    first = run_python(live, camera.url, "none", "2").splitlines()[0]
    assert first.startswith("20") and "vision" in first


def test_pushed_frames_become_verdicts() -> None:
    lines = run_python(str(ROOT / "examples" / "pushed_frames.py")).splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))
    assert len(lines) >= 7


@pytest.mark.parametrize("page", ["source", "engine", "sink"])
def test_the_code_on_a_page_about_extending_runs(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "extend" / f"{page}.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    clip = write_clip(tmp_path / "clip.mp4", 2)
    script = tmp_path / f"{page}.py"
    script.write_text(f"CLIP = {str(clip)!r}\n{code}", "utf-8")
    assert run_python(str(script)).strip()
