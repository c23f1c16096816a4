"""docs/own-data.md: labelled clips become live labels of one's own, by the printed commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from edge.demo.script import Script

ROOT = Path(__file__).parents[2]
PERSONS, SECONDS, FPS = 15, 3, 10
LABELS = {"near": 1.0, "far": 0.6}
CAPTION = "1\n00:00:00,200 --> 00:00:02,500\nwe met on a sunny day\n"
"""Only the real clips are heard by speech-to-text: it takes twice a clip's length for each view."""


def printed_commands() -> list[str]:
    """The first block of commands on the page."""
    page = (ROOT / "docs" / "own-data.md").read_text("utf-8")
    block = re.search(r"^```\n(.*?)^```", page, re.M | re.S)
    assert block is not None
    return block[1].splitlines()


def write_clip(path: Path, seed: int, size: float) -> None:
    """The demo's face at a size, and its voice, from a second of its own."""
    script, rng = Script(100, seed), np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    first = int(rng.integers(0, 10))
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt, video.bit_rate = 640, 480, "yuv420p", 4_000_000
        audio: Any = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for index in range(SECONDS * FPS):
            face = script.frame(first * 25 + index * 25 // FPS)
            small = cv2.resize(face, None, fx=size, fy=size)
            picture = np.full_like(face, 90)
            picture[: small.shape[0], : small.shape[1]] = small
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        samples = script.samples(first * 16_000, SECONDS * 16_000) * size
        sound = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
        sound.sample_rate, sound.pts = 16_000, 0
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))


@pytest.mark.slow
@pytest.mark.alone  # it trains for minutes on every core
def test_the_printed_commands_make_a_bundle_that_runs(data_dir: Path, tmp_path: Path) -> None:
    for person in range(PERSONS):
        for label, size in LABELS.items():
            clip = tmp_path / "clips" / label / f"p{person}.mkv"
            write_clip(clip, person, size)
            clip.with_suffix(".srt").write_text(CAPTION)
    grid = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    assert grid
    for place, clip in enumerate(grid):
        shutil.copy(clip, tmp_path / "clips" / ("near" if place % 2 else "far"))
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    *makes, runs = printed_commands()
    environment = os.environ | {"CDAT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    names = {"cdat-train": "train", "cdat-export": "export", "cdat-edge": "edge"}

    def call(command: str, *more: str) -> str:
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [sys.executable, "-m", names[program], *arguments, *more],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for command in makes:
        call(command)
    out = call(runs, "--file", str(grid[0]), "--jsonl", "-")
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    scored = [line for line in lines if line["scores"]]
    assert scored and all(set(line["scores"]) == set(LABELS) for line in scored)
    report = json.loads((tmp_path / "runs" / "own" / "report.json").read_text())
    # Size of the face and loudness of the voice: what the encoders ignore is learned a little.
    assert report["test"]["clean"]["n"] > 20
