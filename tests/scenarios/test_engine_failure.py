"""An engine fails in the middle of a run: its stream is closed and named, and the run goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fixtures.engines import Sick, sick
from fixtures.media import write_clip

import edge
from edge.bundle.opened import Graph
from edge.cli import main
from edge.clock import Clock, HandClock
from edge.config import load_config
from edge.demo.script import Phase, Script
from edge.engines import Engine, EngineOptions
from edge.errors import EngineError
from edge.recognition.verdict import Verdict, verdict_schema
from edge.recording.replay import Replay
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource

__all__ = ["sick"]

STEP_S = 0.25
AT_ONCE = {"window.min_share": 0}
"""These runs are short: an answer from the first evidence on."""
SECONDS = 3.0
WELL = Script(SECONDS, phases=(Phase("all well", 1.0),))
NOISY = Script(
    2 * SECONDS, phases=(Phase("all well", 0.5), Phase("it is loud", 0.5, "audio", "noise"))
)


def states(verdicts: list[Verdict], stream: str) -> list[str]:
    """The states and reasons of a stream, without repetitions, once it has begun."""
    told = [v.streams[stream].reason or v.streams[stream].state for v in verdicts]
    told = [one for one in told if one not in ("starting", "no_words")]
    return [one for k, one in enumerate(told) if k == 0 or one != told[k - 1]]


def check(verdicts: list[Verdict]) -> None:
    """Every verdict is whole, and finite where it has numbers."""
    assert [verdict.seq for verdict in verdicts] == list(range(len(verdicts)))
    for verdict in verdicts:
        line = json.loads(verdict.to_json())
        jsonschema.validate(line, verdict_schema())
        assert np.isfinite(list(verdict.scores.values())).all()


def offline(
    asr: str = "none", script: Script = WELL, seconds: float = SECONDS, **options: Any
) -> Run:
    """The script as a file is run: one thread, as fast as it goes."""

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(script.frame, script.samples, 25, seconds, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    settings = {key.replace("__", "."): value for key, value in options.items()}
    told = {"engine.name": "sick", "asr.engine": asr, "vision.min_gap_ms": 0, **AT_ONCE, **settings}
    return Run(load_config(None, [], told), feeds)


def live(**options: Any) -> Run:
    """The script as devices are run: with threads, by a clock that waits for them."""

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(WELL.frame, WELL.samples, 25, SECONDS + 1, clock, pace="live")
        return [Feed(source, frozenset({"audio", "vision"}), lossless=False)]

    settings = {key.replace("__", "."): value for key, value in options.items()}
    told = {"engine.name": "sick", "asr.engine": "none", "vision.min_gap_ms": 0}
    told |= {**AT_ONCE, "seconds": SECONDS, **settings}
    return Run(load_config(None, [], told), feeds, clock=HandClock())


@pytest.mark.parametrize("how", ["nan", "raise", "no memory"])
def test_vision_fails_once_in_a_file_and_the_next_engine_takes_over(
    how: str, sick: type[Sick]
) -> None:
    sick.how, sick.well = how, 40
    run = offline()
    verdicts = list(run.verdicts())
    check(verdicts)
    assert len(verdicts) == SECONDS / STEP_S
    assert states(verdicts, "vision") == ["used", "engine_failed", "used"]
    assert "engine_failed" not in states(verdicts, "audio")
    (failed,) = [v for v in verdicts if v.streams["vision"].reason == "engine_failed"]
    assert failed.label is not None and "vision" not in failed.mask
    assert "The graph vision now runs on onnxruntime CPU." in run.telemetry.notes
    assert any("the next engine takes over" in note for note in run.telemetry.notes)
    assert sorted(one.name for one in sick.opened) == ["audio", "fusion", "text", "vision"]
    assert all(one.closed for one in sick.opened)


def test_an_engine_that_fails_for_long_closes_its_stream_for_as_long(
    sick: type[Sick], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last engine of the chain is tried again with every frame."""

    def absent(graph: Graph, options: EngineOptions) -> Engine:
        raise EngineError("There is no ONNX Runtime.")

    monkeypatch.setattr("edge.bundle.opened.Graph.opened_on_cpu", absent)
    sick.well, sick.ill = 30, 25
    verdicts = list(offline().verdicts())
    check(verdicts)
    assert states(verdicts, "vision") == ["used", "engine_failed", "used"]
    failing = [v for v in verdicts if v.streams["vision"].reason == "engine_failed"]
    assert len(failing) * STEP_S == pytest.approx(1.0, abs=STEP_S)


def test_a_fusion_that_fails_gives_a_verdict_without_a_label(sick: type[Sick]) -> None:
    sick.fails, sick.well = "fusion", 8
    run = offline()
    verdicts = list(run.verdicts())
    check(verdicts)
    failed, after = verdicts[8], verdicts[9]
    assert failed.label is None and not failed.scores and not failed.mask
    assert failed.confidence is None
    assert {failed.streams[one].reason for one in ("audio", "vision")} == {"engine_failed"}
    assert after.label is not None and {"audio", "vision"} <= set(after.mask)


def test_text_that_fails_is_tried_again_in_the_next_step(sick: type[Sick]) -> None:
    sick.fails, sick.well = "text", 2
    verdicts = list(offline("pocketsphinx").verdicts())
    check(verdicts)
    seen = states(verdicts, "text")  # the first, young words may be unreliable
    assert seen.count("engine_failed") == 1 and "used" in seen[seen.index("engine_failed") + 1 :]
    assert sum(v.streams["text"].reason == "engine_failed" for v in verdicts) == 1


SAME_ROADS: list[tuple[bool, str]] = [(False, "text"), (False, "fusion"), (True, "vision")]


@pytest.mark.parametrize(
    ("raw", "graph"),
    [
        (False, "vision"),
        (True, "audio"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in SAME_ROADS),
    ],
)
def test_a_recording_of_it_replays_to_the_same_verdicts(
    raw: bool, graph: str, sick: type[Sick], tmp_path: Path
) -> None:
    sick.fails, sick.well = graph, 2 if graph == "text" else 10
    folder = tmp_path / "rec"
    asr = "pocketsphinx" if graph == "text" else "none"
    run = offline(asr, record__folder=str(folder), record__raw=raw or None)
    verdicts = list(run.verdicts())
    sick.well = 10**9  # from here on it is well
    replay = Replay(folder)
    replayed = list(replay.verdicts())
    assert replay.compared == len(verdicts) == len(replayed)
    assert not replay.differing, replay.first_difference
    assert any(s.reason == "engine_failed" for v in replayed for s in v.streams.values())


@pytest.mark.parametrize("well", range(13, 19))
def test_a_failure_while_earlier_sound_counts_is_replayed(
    well: int, sick: type[Sick], tmp_path: Path
) -> None:
    sick.fails, sick.well = "fusion", well  # a step's first pass, or that with the earlier sound
    run = offline("none", NOISY, 2 * SECONDS, record__folder=str(tmp_path / "rec"))
    verdicts = list(run.verdicts())
    check(verdicts)
    failed = [v for v in verdicts if v.streams["vision"].reason == "engine_failed"]
    assert len(failed) == 1 and failed[0].mask == ()
    assert {"unreliable", "noisy"} & {v.streams["audio"].reason for v in verdicts}
    sick.well = 10**9
    replay = Replay(tmp_path / "rec")
    assert len(list(replay.verdicts())) == len(verdicts) == replay.compared
    assert not replay.differing, replay.first_difference


def test_vision_fails_live_and_no_step_is_lost(sick: type[Sick]) -> None:
    sick.well = 30
    run = live()
    verdicts = list(run.verdicts())
    check(verdicts)
    assert len(verdicts) == SECONDS / STEP_S
    assert states(verdicts, "vision") == ["used", "engine_failed", "used"]
    assert not any("processing failed" in what for what in run.telemetry.drops_so_far())


def test_an_engine_that_hangs_live_is_abandoned_and_no_step_is_lost(sick: type[Sick]) -> None:
    sick.how, sick.well = "hang", 30
    run = live(engine__limit_s=0.2)
    verdicts = list(run.verdicts())
    check(verdicts)
    assert len(verdicts) == SECONDS / STEP_S
    assert states(verdicts, "vision") == ["used", "engine_failed", "used"]
    (note,) = [one for one in run.telemetry.notes if "has not returned" in one]
    assert "sick has not returned from a call for 0.2 s and was abandoned" in note
    assert [one.name for one in sick.opened if not one.closed] == ["vision"]


def test_a_session_goes_on_and_says_so(sick: type[Sick]) -> None:
    sick.fails, sick.well = "audio", 5
    with edge.Session(["audio"], asr="none", settings={"engine.name": "sick"}) as session:
        sound = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
        verdicts = [v for k in range(4) for v in session.push_samples(sound, k * 10**9)]
        verdicts += session.finish()
        assert any(v.streams["audio"].reason == "engine_failed" for v in verdicts)
        assert "The graph audio now runs on onnxruntime CPU." in session.notes


def test_the_command_ends_well_and_its_summary_says_what_happened(
    sick: type[Sick],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sick.fails, sick.well = "audio", 5
    clip, out = write_clip(tmp_path / "clip.mkv", 3.0), tmp_path / "out.jsonl"
    told = ["run", "--file", str(clip), "--engine", "sick", "--jsonl", str(out)]
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *told])
    with pytest.raises(SystemExit, match=r"^0$"):
        main()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert any(line["streams"]["audio"]["reason"] == "engine_failed" for line in lines)
    assert "The graph audio now runs on onnxruntime CPU." in capfd.readouterr().err


def test_a_run_with_auto_records_the_engine_that_served(sick: type[Sick], tmp_path: Path) -> None:
    edge.register_engine("tensorrt", sick)
    folder = tmp_path / "rec"
    run = offline(engine__name="auto", engine__cache=str(tmp_path), record__folder=str(folder))
    list(run.verdicts())
    assert run.telemetry.notes[0] == "The engine is sick."
    assert Replay(folder).session.engine.name == "tensorrt"
