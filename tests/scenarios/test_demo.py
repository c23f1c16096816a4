"""The demo keeps its script's promises: real front ends, speech-to-text, bundle and threads.

All of it runs live on a clock driven by hand: a slow machine takes longer and sees the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge.clock import HandClock
from edge.config import load_config
from edge.demo.script import demo_run
from edge.recognition.verdict import verdict_schema

SECONDS = 20
STEP_S = 0.25
RETURN_STEPS = round(2 / STEP_S)
WINDOW_STEPS = round(3 / STEP_S)
Line = dict[str, Any]


@pytest.fixture(scope="module")
def demo() -> list[Line]:
    run = demo_run(load_config(None, [], {}), SECONDS, HandClock())
    return [json.loads(verdict.to_json()) for verdict in run.verdicts()]


def during(lines: list[Line], name: str) -> list[Line]:
    found = [line for line in lines if line["phase"] and line["phase"]["name"] == name]
    assert found, f"no verdict in the phase {name!r}"
    return found


def states(lines: list[Line], stream: str) -> list[tuple[str, str | None]]:
    return [(line["streams"][stream]["state"], line["streams"][stream]["reason"]) for line in lines]


def test_every_step_bears_a_verdict(demo: list[Line]) -> None:
    assert len(demo) == SECONDS / STEP_S
    assert [line["seq"] for line in demo] == list(range(len(demo)))
    for line in demo:
        jsonschema.validate(line, verdict_schema())


def test_nearly_every_verdict_bears_a_label(demo: list[Line]) -> None:
    settled = demo[WINDOW_STEPS // 2 :]  # before, there is too little to go by
    assert sum(line["label"] is not None for line in settled) >= 0.95 * len(settled)


@pytest.mark.parametrize(
    ("phase", "stream", "reason"),
    [
        ("the camera goes dark", "vision", "dark"),
        ("the microphone drowns in noise", "audio", "noisy"),
        ("it falls silent", "audio", "silent"),
    ],
)
def test_a_failing_stream_is_dropped_within_two_steps_and_says_why(
    demo: list[Line], phase: str, stream: str, reason: str
) -> None:
    seen = states(during(demo, phase), stream)
    assert ("dropped", reason) in seen[:2], seen
    assert set(seen[2:]) == {("dropped", reason)}, seen


@pytest.mark.parametrize(
    ("phase", "stream"), [("light returns", "vision"), ("all well again", "audio")]
)
def test_a_stream_that_returns_is_used_again_within_two_seconds(
    demo: list[Line], phase: str, stream: str
) -> None:
    seen = states(during(demo, phase), stream)
    assert ("used", None) in seen[:RETURN_STEPS], seen
    assert set(seen[RETURN_STEPS:]) == {("used", None)}, seen


@pytest.mark.parametrize(
    ("phase", "after", "stream"),
    [
        ("the camera goes dark", "light returns", "vision"),
        ("the microphone drowns in noise", "it falls silent", "audio"),
    ],
)
def test_what_a_dropped_stream_gave_before_counts_for_a_window(
    demo: list[Line], phase: str, after: str, stream: str
) -> None:
    fault = during(demo, phase)
    counted = [stream in line["mask"] for line in fault + during(demo, after)]
    dropped = [line["streams"][stream]["state"] == "dropped" for line in fault]
    assert all(counted[: WINDOW_STEPS - 2]) and sum(dropped) >= len(dropped) - 1
    assert not any(counted[WINDOW_STEPS : WINDOW_STEPS + 2])
    if stream == "vision":  # the smile that was seen before
        assert {line["label"] for line in fault[: WINDOW_STEPS - 4]} == {"happy"}


def test_while_all_is_well_camera_and_microphone_are_used(demo: list[Line]) -> None:
    settled = during(demo, "all well")[RETURN_STEPS:]
    assert set(states(settled, "vision")) == {("used", None)}
    assert set(states(settled, "audio")) == {("used", None)}


def test_the_answer_follows_the_smile(demo: list[Line]) -> None:
    well = [line["label"] for line in during(demo, "all well") + during(demo, "light returns")]
    assert well.count("happy") > len(well) / 2, well
    settled = during(demo, "all well")[WINDOW_STEPS:]
    assert {line["label"] for line in settled} == {"happy"}, settled


def test_the_answer_follows_the_surprise(demo: list[Line]) -> None:
    noise = during(demo, "the microphone drowns in noise") + during(demo, "it falls silent")
    labels = [line["label"] for line in noise]
    assert labels.count("surprise") >= 4, labels


def test_before_the_smile_the_answer_is_neutral_or_withheld(demo: list[Line]) -> None:
    first = [line["label"] for line in demo[:5]]
    assert "neutral" in first and set(first) <= {"neutral", None}


def test_the_words_are_heard(demo: list[Line]) -> None:
    heard = " ".join(line["transcript"] for line in during(demo, "light returns"))
    assert "happy" in heard or "love" in heard
    assert "wonderful" in heard


def test_the_command_tells_verdicts_drops_and_latency(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    command = [sys.executable, "-m", "edge.cli", "demo", "--seconds", "6", "--jsonl", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = path.read_text("utf-8").splitlines()
    assert lines and f"{len(lines)} verdicts" in done.stderr
    assert "dropped packets" in done.stderr
    for column in ("p50", "p95", "p99", "max", "fusion", "total"):
        assert column in done.stderr
