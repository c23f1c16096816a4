"""The stream of a run, recorded to XDF by LabRecorder and opened with pyxdf."""

from __future__ import annotations

import json
import platform
import secrets
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fixtures.live_demo import live_demo
from fixtures.waiting import LIMIT_S, eventually

pytestmark = [
    pytest.mark.skipif(
        sys.version_info < (3, 11) or platform.machine() != "x86_64",
        reason="no package index holds labrecorder for this Python and processor",
    ),
    pytest.mark.slow,
]

RECORD = """
import sys
import labrecorder, pylsl
name, file, limit_s = sys.argv[1:]
streams = pylsl.resolve_byprop("name", name, timeout=float(limit_s))
with labrecorder.Recording(file, streams):
    sys.stdin.read()
"""
"""Records until its input ends. A process of its own: a recording is complete when it has ended."""


def test_what_labrecorder_writes_of_a_run_opens_in_pyxdf(tmp_path: Path) -> None:
    import pyxdf

    name, jsonl, file = f"test {secrets.token_hex(8)}", tmp_path / "run.jsonl", tmp_path / "a.xdf"
    command = [sys.executable, "-c", RECORD, name, str(file), str(LIMIT_S)]
    pipe = subprocess.PIPE
    with live_demo("--lsl", name, "--jsonl", str(jsonl)):
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
        ) as recorder:
            try:
                assert recorder.stdout is not None
                assert any("Started data collection" in line for line in recorder.stdout)
                begun = written(jsonl)
                eventually(lambda: written(jsonl) >= begun + 12)
                said, _ = recorder.communicate(timeout=LIMIT_S)
            finally:
                recorder.kill()
        assert recorder.returncode == 0, said
    (stream,), _ = pyxdf.load_xdf(str(file))
    info = stream["info"]
    assert (info["name"], info["type"]) == ([name], ["Emotion"])
    assert info["channel_format"] == ["float32"] and float(info["nominal_srate"][0]) == 4
    described = info["desc"][0]["channels"][0]["channel"]
    labels = [channel["label"][0] for channel in described]
    samples = [dict(zip(labels, row, strict=True)) for row in stream["time_series"].tolist()]
    assert len(samples) >= 8
    steps_s = [b - a for a, b in pairwise(stream["time_stamps"])]
    assert np.median(steps_s) == pytest.approx(0.25, abs=0.01)
    verdicts = [json.loads(line) for line in jsonl.read_text("utf-8").splitlines()]
    scored = [one["scores"] for one in verdicts]
    first = next(k for k, scores in enumerate(scored) if same(samples[0], scores))
    for sample, verdict in zip(samples, verdicts[first:], strict=False):
        assert same(sample, verdict["scores"])
        assert sample["confidence"] == pytest.approx(verdict["confidence"], abs=1e-3)


def same(sample: dict[str, float], scores: dict[str, float]) -> bool:
    """Whether a sample has the probabilities of a verdict, which are rounded in JSON."""
    return bool(scores) and all(abs(sample[label] - p) < 1e-4 for label, p in scores.items())


def written(jsonl: Path) -> int:
    """Complete lines of the file of verdicts."""
    return jsonl.read_bytes().count(b"\n") if jsonl.exists() else 0
