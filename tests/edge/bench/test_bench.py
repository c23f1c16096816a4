"""The whole command with real components for a few seconds."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.bench.process import children
from edge.bench.statistics import Row
from edge.bench.suite import targets
from edge.cli import main

pytestmark = pytest.mark.alone

SPREAD = {"p50", "p95", "p99", "max", "count"}


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cdat-edge", "bench", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def benched(folder: Path, *parts: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        assert bench(patch, "--seconds", "2", *parts, "--out", str(folder)) == 0
    return folder


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return benched(tmp_path_factory.mktemp("bench") / "made" / "here", "--durations", "1,2")


@pytest.fixture(scope="module")
def results(out: Path) -> dict[str, Any]:
    return read(out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that it can measure: nine runs."""
    parts = ["--against", "sequential", "--durations", "1,2", "--offline", "--load", "1"]
    return benched(tmp_path_factory.mktemp("whole"), *parts)


@pytest.mark.slow
def test_a_live_run_reports_stages_ages_pace_cpu_and_memory(results: dict[str, Any]) -> None:
    live = results["live"]
    assert {"vision", "audio", "wait", "text", "fusion", "gate", "engine", "total"} == {
        *live["stages_ms"]
    }
    for row in (*live["stages_ms"].values(), live["overhead_ms"], live["label_age_ms"]):
        assert set(row) == SPREAD
        assert 0 <= row["p50"] <= row["p95"] <= row["p99"] <= row["max"]
    assert live["verdicts"] >= 4
    assert 2 < live["rate_hz"] < 6
    assert live["overhead_ms"]["p50"] <= live["stages_ms"]["total"]["p50"]
    assert live["resident_mib"]["peak"] >= live["resident_mib"]["end"] > 50


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux' /proc")
@pytest.mark.slow
def test_cpu_time_is_reported_by_thread(results: dict[str, Any]) -> None:
    assert {"vision", "audio", "child processes"} <= set(results["live"]["cpu_ms_per_s"])


@pytest.mark.slow
def test_the_sequential_loop_predicts_once_a_frame(whole: Path) -> None:
    results = read(whole)
    quiet, loaded = results["against_sequential"]
    assert (quiet["busy"], loaded["busy"]) == (0, 1)
    for row in (quiet, loaded):
        assert row["sequential"]["rate_hz"] > row["live"]["rate_hz"]
        expected = row["sequential"]["label_age_ms"]["p99"] / row["live"]["label_age_ms"]["p99"]
        assert row["age_ratio_p99"] == pytest.approx(expected)


@pytest.mark.slow
def test_each_window_length_has_its_cost(results: dict[str, Any]) -> None:
    assert [row["duration_s"] for row in results["durations"]] == [1, 2]
    assert all(row["step_cpu_ms"]["p50"] > 0 for row in results["durations"])


@pytest.mark.slow
def test_a_file_is_timed_with_and_without_speech_to_text(whole: Path) -> None:
    results = read(whole)
    without, with_it = results["offline"]
    assert (without["speech_to_text"], with_it["speech_to_text"]) == (False, True)
    assert without["times_real_time"] > with_it["times_real_time"] > 0


@pytest.mark.slow
def test_each_target_is_shown_with_its_measurement(whole: Path) -> None:
    results = read(whole)
    assert len(results["targets"]) == 6
    for target in results["targets"]:
        assert target["met"] in (True, False) and target["value"] is not None


@pytest.mark.slow
def test_page_and_picture_show_the_same_results(whole: Path) -> None:
    out, results = whole, read(whole)
    page = (out / "README.md").read_text("utf-8")
    for title in ("Targets", "Live", "Against the sequential loop", "Window length"):
        assert f"## {title}" in page
    for target in results["targets"]:
        assert target["what"] in page
    widths = {
        line.count("|")
        for block in page.split("\n\n")
        if block.startswith("| window")
        for line in block.splitlines()
    }
    assert len(widths) == 1
    image = cv2.imread(str(out / "results.png"))
    assert image is not None and image.std() > 5


@pytest.mark.slow
def test_results_name_the_machine_but_no_user_host_or_path(
    out: Path, results: dict[str, Any]
) -> None:
    assert results["machine"]["cores"] >= 1 and results["machine"]["cpu"]
    assert results["machine"]["libraries"]["numpy"]
    text = (out / "results.json").read_text("utf-8") + (out / "README.md").read_text("utf-8")
    for private in (str(Path.home()), str(Path.cwd()), str(out), "--out"):
        assert private not in text


@pytest.mark.slow
def test_nothing_is_left_running(results: dict[str, Any]) -> None:
    assert children() == []
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"vision", "audio", "speech-to-text"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--against", "parallel"], "use --against sequential"),
        (["--durations", "2,long"], "--durations needs seconds"),
        (["--dropped", "smell"], "--dropped needs vision and audio"),
        (["--sessions", "1,many"], "--sessions needs numbers such as 1,2,4,8; got 'many'"),
        (["--sessions", "1,99"], "--sessions needs numbers from 1 to 32; got '1,99'"),
        (
            ["--file", "clip.mp4", "--camera", "0"],
            "--file cannot be combined with --camera or --mic",
        ),
        (["--camera", "0", "--offline"], "which devices cannot"),
        (["--file", "nowhere.mp4"], "nowhere.mp4"),
    ],
)
def test_an_invalid_benchmark_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    assert bench(monkeypatch, "--seconds", "2", *arguments) == 1
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error


def test_an_unwritable_out_folder_is_an_error_of_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the hour of measuring, not after it."""
    (tmp_path / "file").write_text("in the way")
    assert bench(monkeypatch, "--seconds", "3600", "--out", str(tmp_path / "file")) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_sessions_in_one_process_are_compared_with_a_process_each(tmp_path: Path) -> None:
    out = benched(tmp_path, "--sessions", "1,2", "--set", "asr.engine=none")
    one, two = read(out)["sessions"]
    assert (one["sessions"], two["sessions"]) == (1, 2)
    for side in ("shared", "apart"):
        assert two[side]["errors"] == [] and len(two[side]["label_age_ms"]) == 2
        assert two[side]["cpu_ms_per_s"] > 0 and two[side]["age_p99_ms"] > 0
    # Two processes hold everything twice.
    assert two["ratios"]["memory_mib"] < 0.95 < one["ratios"]["memory_mib"] < 1.05
    assert "## Several sessions" in (out / "README.md").read_text("utf-8")


def test_targets_of_sessions_are_of_the_largest_number() -> None:
    def row(sessions: int, shared_ms: float, apart_ms: float) -> Row:
        shared = {"cpu_ms_per_s": shared_ms, "age_p99_ms": 100.0, "memory_mib": 100.0}
        ratios = {"cpu_ms_per_s": shared_ms / apart_ms, "memory_mib": 0.3}
        return {"sessions": sessions, "shared": shared, "ratios": ratios}

    live: Row = {"overhead_ms": None, "stages_ms": {}}
    found = targets(
        {"live": live, "sessions": [row(1, 100, 100), row(2, 190, 220), row(4, 430, 480)]}
    )
    by_what = {one["what"]: (one["value"], one["met"]) for one in found}
    assert by_what == {
        "4 sessions in one process: age of the label at p99, ms": (100.0, True),
        "CPU of the dearest further session over the first": (1.2, False),
        "4 sessions in one process over a process each: CPU": (pytest.approx(430 / 480), False),
        "4 sessions in one process over a process each: memory": (0.3, False),
    }
