"""The demo keeps its script's promises: real front ends, speech-to-text, bundle and threads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

from edge.clock import Clock
from edge.config import load_config
from edge.demo import FPS, Script
from edge.recognition.verdict import verdict_schema
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S

SECONDS = 30
STEP_S = 0.25
Line = dict[str, Any]


LIVE = pytest.mark.alone
"""Without a core of its own the front ends fall behind, and streams are rightly called stale."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Line], str]:
    path = tmp_path_factory.mktemp("demo") / "demo.jsonl"
    command = [sys.executable, "-m", "edge.cli", "demo", "--seconds", str(SECONDS)]
    done = subprocess.run(
        [*command, "--jsonl", str(path)], capture_output=True, text=True, timeout=SECONDS + 60
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()], done.stderr


def without_haste() -> list[Line]:
    """The same script worked off as a file is: nothing is late or lost, on any machine."""
    script = Script(SECONDS)

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(script.frame, script.samples, FPS, SECONDS, clock, pace="fast")
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    def phase(t_ns: int) -> dict[str, Any]:
        # A step that ends just when a phase begins has seen nothing of it.
        now = script.phase((t_ns - 1) / NS_PER_S)
        return {"name": now.name, "stream": now.stream, "fault": now.fault}

    run = Run(load_config(None, [], {"seconds": SECONDS}), feeds, phase)
    return [json.loads(verdict.to_json()) for verdict in run.verdicts()]


@pytest.fixture(scope="module", params=[pytest.param("live", marks=LIVE), "without haste"])
def played(request: pytest.FixtureRequest) -> list[Line]:
    """The verdicts of the script."""
    if request.param == "live":
        lines: list[Line] = request.getfixturevalue("demo")[0]
        return lines
    return without_haste()


def during(lines: list[Line], name: str) -> list[Line]:
    found = [line for line in lines if line["phase"] and line["phase"]["name"] == name]
    assert found, f"no verdict in the phase {name!r}"
    return found


def states(lines: list[Line], stream: str) -> list[tuple[str, str | None]]:
    return [(line["streams"][stream]["state"], line["streams"][stream]["reason"]) for line in lines]


def test_every_step_bears_a_verdict(played: list[Line]) -> None:
    lines = played
    assert len(lines) >= 0.99 * SECONDS / STEP_S
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    for line in lines:
        jsonschema.validate(line, verdict_schema())


def test_nearly_every_verdict_bears_a_label(played: list[Line]) -> None:
    lines = played
    assert sum(line["label"] is not None for line in lines) >= 0.95 * len(lines)


def arrived(lines: list[Line], stream: str) -> int:
    """The first step of a phase that had sound of it: on a loaded machine the front end runs
    behind, and nobody can tell what has not reached him. A picture without a face leaves no such
    trace: there the phase's own steps count."""
    if stream != "audio":
        return 0
    ages_s = [(line["streams"][stream]["age_ms"] or 0) / 1000 for line in lines]
    return next(k for k, age_s in enumerate(ages_s) if age_s < (k + 1) * STEP_S)


@pytest.mark.parametrize(
    ("phase", "stream", "reason"),
    [
        ("the camera goes dark", "vision", "dark"),
        ("the microphone drowns in noise", "audio", "noisy"),
        ("it falls silent", "audio", "silent"),
    ],
)
def test_a_failing_stream_is_dropped_within_two_steps_and_says_why(
    played: list[Line], phase: str, stream: str, reason: str
) -> None:
    lines = during(played, phase)
    seen = states(lines[arrived(lines, stream) :], stream)
    assert len(seen) > 8, "most of the phase is over before any of it was seen"
    assert ("dropped", reason) in seen[:2], seen
    assert set(seen[2:]) == {("dropped", reason)}, seen


@pytest.mark.parametrize(
    ("phase", "stream"), [("light returns", "vision"), ("all well again", "audio")]
)
def test_a_stream_that_returns_is_used_again_within_two_seconds(
    played: list[Line], phase: str, stream: str
) -> None:
    lines = during(played, phase)
    seen = states(lines[arrived(lines, stream) :], stream)
    within = round(2 / STEP_S)
    assert ("used", None) in seen[:within], seen
    assert set(seen[within:]) == {("used", None)}, seen


def test_while_all_is_well_camera_and_microphone_are_used(played: list[Line]) -> None:
    settled = during(played, "all well")[round(2 / STEP_S) :]
    assert set(states(settled, "vision")) == {("used", None)}
    assert set(states(settled, "audio")) == {("used", None)}


def test_the_words_are_heard(played: list[Line]) -> None:
    heard = " ".join(line["transcript"] for line in during(played, "light returns"))
    assert "happy" in heard and "wonderful" in heard


@LIVE
def test_the_summary_tells_verdicts_drops_and_latency(demo: tuple[list[Line], str]) -> None:
    lines, error = demo
    assert f"{len(lines)} verdicts" in error
    assert "dropped packets" in error
    for column in ("p50", "p95", "p99", "max", "fusion", "total"):
        assert column in error
