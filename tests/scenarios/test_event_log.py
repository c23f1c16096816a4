"""`--log`: dated events of a run, and counters that add up."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import Cli, complaint
from fixtures.waiting import LIMIT_S

from edge import __version__
from edge.clock import HandClock
from edge.commands.event_log import EventLog
from edge.commands.show import show
from edge.config import load_config
from edge.demo.script import demo_run
from edge.errors import ConfigError, SinkError, SourceError
from edge.recording.session import bundle_digest
from edge.runtime.run import Run
from edge.sinks.jsonl import JsonLines


def demo(path: Path, seconds: float = 20, **budgets: Any) -> Run:
    runs: list[Run] = []
    options = {"output.log": str(path), "output.table": False, "asr.engine": "none"}
    config = load_config(None, [], options | budgets)

    def make() -> Run:
        runs.append(demo_run(config, seconds, HandClock()))
        return runs[0]

    show(config, lambda config: make())
    return runs[0]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_run_tells_its_events_and_its_counters_add_up(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    run = demo(path)
    told = lines(path)
    begun, ended = told[0], told[-1]
    assert begun["event"] == "run_begun" and begun["version"] == __version__
    assert begun["sources"] == ["demo script"]
    assert begun["bundle_digest"] == bundle_digest(run.bundle)
    assert begun["engine"] == "onnxruntime" and begun["device"] == run.device != begun["engine"]
    assert ended["event"] == "run_ended"
    assert ended["verdicts"] == run.telemetry.verdicts == ended["steps"] - ended["skipped"] > 70
    for states in ended["streams"].values():
        assert sum(states.values()) == ended["verdicts"]
    vision = [(one["state"], one["reason"]) for one in told if one.get("stream") == "vision"]
    assert ("used", None) in vision and ("dropped", "dark") in vision
    assert vision.index(("dropped", "dark")) < len(vision) - 1  # and it is used again
    for one in told:
        assert datetime.fromisoformat(one["t"]).tzinfo is not None
    times = [one["t_ns"] for one in told]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_second_run_appends(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    demo(path, 2)
    demo(path, 2)
    assert [one["event"] for one in lines(path)].count("run_begun") == 2


def test_skipped_steps_are_a_limit_hit_and_count(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    config = load_config(None, [], {"asr.engine": "none"})
    clock = HandClock()
    with demo_run(config, 10, clock) as run:
        log = EventLog(JsonLines(str(path), "--log", append=True), run)
        for verdict in run:
            if verdict.seq == 4:
                clock.wait_until(clock.now_ns() + 4 * 10**9)
        log.close()
    told = lines(path)
    (hit,) = [one for one in told if one["event"] == "limit_hit"]
    ended = told[-1]
    assert ended["skipped"] == hit["skipped"] > 4
    assert ended["verdicts"] == ended["steps"] - ended["skipped"]


def test_a_disk_that_hangs_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(JsonLines, "write", lambda file, item: over.wait(LIMIT_S))
    run = demo(tmp_path / "events.jsonl", 5)
    over.set()
    assert run.telemetry.verdicts == 20


def test_a_log_that_cannot_be_written_any_more_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: JsonLines, item: object) -> None:
        raise SinkError("events.jsonl cannot be written any further.")

    monkeypatch.setattr(JsonLines, "write", full)
    run = demo(tmp_path / "events.jsonl", 5)
    assert run.telemetry.verdicts == 20
    assert "The log has ended: events.jsonl cannot be written" in " ".join(run.telemetry.notes)


def test_a_renamed_log_goes_on_in_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with demo_run(load_config(None, [], {"asr.engine": "none"}), 2, HandClock()) as run:
        file = JsonLines(str(path), "--log", append=True)
        log = EventLog(file, run)
        for verdict in run:
            if verdict.seq == 3:
                path.rename(tmp_path / "old.jsonl")
                file.reopen()
        log.close()
    assert lines(path)[-1]["event"] == "run_ended"


def test_a_path_that_cannot_be_written_is_refused_and_the_option_named(tmp_path: Path) -> None:
    with pytest.raises((SinkError, ConfigError), match=r"^--log .*no/where"):
        demo(tmp_path / "no" / "where")


def test_a_run_that_fails_says_so_in_its_log(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    options = {"output.log": str(path), "source.camera": 99, "source.mic": "none"}
    config = load_config(None, [], options)
    with pytest.raises(SourceError):
        show(config, Run)
    assert [one["event"] for one in lines(path)] == ["run_begun", "run_failed", "run_ended"]
    assert lines(path)[-1]["steps"] == 0


@pytest.mark.parametrize("output", ["mqtt.url", "dashboard.address"])
def test_an_output_that_cannot_be_opened_ends_the_run_and_leaves_nothing(
    output: str, tmp_path: Path
) -> None:
    path, folder = tmp_path / "events.jsonl", tmp_path / "recording"
    options = {"record.folder": str(folder), output: "no address", "dashboard.show": True}
    with pytest.raises(ConfigError):
        demo(path, 5, **options)
    assert [one["event"] for one in lines(path)] == ["run_begun", "run_failed", "run_ended"]
    assert lines(path)[1]["sentence"].startswith(output)
    assert not folder.exists()


def test_the_engine_that_was_chosen_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    demo(path, 2, **{"engine.name": "auto"})
    (sentence,) = [one["sentence"] for one in lines(path) if one["event"] == "engine"]
    assert sentence.startswith("The engine is ")


def test_a_log_does_not_go_into_the_file_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"sound")
    config = load_config(None, [], {"output.log": str(path), "source.file": str(path)})
    with pytest.raises(ConfigError, match=r"^--log .* is the file that --file reads"):
        show(config, Run)
    assert path.read_bytes() == b"sound"


@pytest.mark.slow
def test_each_budget_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    folder, verdicts = tmp_path / "rec", tmp_path / "v.jsonl"
    budgets = {
        "output.jsonl": str(verdicts),
        "output.jsonl_max_mb": 0.01,
        "record.folder": str(folder),
        "record.max_mb": 0.05,
        "memory_max_mb": 1,
    }
    run = demo(path, 10, **budgets)
    told = lines(path)
    hits = sorted(one["limit"] for one in told if one["event"] == "limit_hit")
    assert hits == ["memory_max_mb", "output.jsonl_max_mb", "record.max_mb"]
    written = len(lines(verdicts))
    assert verdicts.stat().st_size <= 10_000 and 0 < written < run.telemetry.verdicts
    drops = told[-1]["drops"]
    assert drops[f"verdicts: {verdicts} is full"] == run.telemetry.verdicts - written
    assert sum(one.stat().st_size for one in folder.iterdir()) < 150_000
    assert run.telemetry.verdicts > 30


def test_a_log_does_not_go_into_the_file_of_the_verdicts(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    (tmp_path / "same.jsonl").symlink_to(path)
    for log in (path, tmp_path / "same.jsonl"):
        result = cli("demo", "--seconds", "6", "--jsonl", str(path), "--log", str(log))
        complaint(result, f"--log {log}", "is the file that --jsonl writes")


@pytest.mark.parametrize(
    ("option", "key"),
    [
        (("--record-max-mb", "-1"), "record.max_mb"),
        (("--jsonl-max-mb", "-1"), "output.jsonl_max_mb"),
        (("--require-signed", "/no/such/key"), "/no/such/key"),
    ],
)
def test_the_demo_has_the_limits_of_a_run(cli: Cli, option: tuple[str, str], key: str) -> None:
    complaint(cli("demo", "--seconds", "6", *option), key)
