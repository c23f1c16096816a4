"""A replay gives the recorded run again, bit for bit."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from fixtures.command import Cli
from fixtures.demo_recording import DEMO, Line, lines
from fixtures.lamp import Counting, engine
from fixtures.waiting import eventually

from edge.clock import Clock, HandClock
from edge.commands import demo as demo_command
from edge.config import load_config
from edge.demo.script import Script, demo_run
from edge.recognition.verdict import Verdict
from edge.recording.events import Stepped
from edge.recording.log import read_log
from edge.recording.replay import IGNORED, Replay
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource

__all__ = ["engine"]

WORDLESS = ["--set", "asr.engine=none"]


def alike(verdict: Line) -> Line:
    return {key: value for key, value in verdict.items() if key not in IGNORED}


def kinds(folder: Path) -> Counter[str]:
    return Counter(event.kind for event, _ in read_log(folder))


def test_a_replay_gives_the_live_verdicts_but_for_their_latencies(
    recorded: tuple[Path, list[Line]], cli: Cli, tmp_path: Path
) -> None:
    folder, live = recorded
    out = tmp_path / "replayed.jsonl"
    code, _, error = cli("replay", str(folder), "--jsonl", str(out), "--check")
    assert code == 0, error
    assert "all equal" in error
    assert len(live) >= 30
    assert [alike(line) for line in lines(out)] == [alike(line) for line in live]
    # It was a run worth replaying: a camera dropped, words heard.
    assert any(line["streams"]["vision"]["state"] == "dropped" for line in live[8:])
    assert live[-1]["transcript"]


def test_two_replays_give_identical_bytes(recorded: tuple[Path, list[Line]], cli: Cli) -> None:
    first, second = (cli("replay", str(recorded[0]), "--jsonl", "-")[1] for _ in range(2))
    assert len(first) > 10_000
    assert first == second


def test_a_replay_is_faster_than_the_run_was(recorded: tuple[Path, list[Line]]) -> None:
    replay = Replay(recorded[0])
    begun_s = time.monotonic()
    assert list(replay.verdicts())
    assert replay.span_s >= 2 * (time.monotonic() - begun_s)


def test_sound_and_picture_are_not_kept_unless_asked(recorded: tuple[Path, list[Line]]) -> None:
    found = kinds(recorded[0])
    assert found["observation"] > 100
    assert found["frame"] == found["chunk"] == 0
    sizes = [path.stat().st_size for path in recorded[0].iterdir()]
    assert sum(sizes) / 8 * 60 < 10e6  # a minute


@pytest.mark.slow
def test_raw_sound_and_picture_replay_through_the_front_ends(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live by a clock that waits for the machine: a busy one would drop pictures, as it should."""
    monkeypatch.setattr(
        demo_command, "demo_run", lambda config, seconds: demo_run(config, seconds, HandClock())
    )
    folder = tmp_path / "raw"
    kept = ["--record", str(folder), "--record-raw"]
    code, _, error = cli("demo", "--seconds", "6", *kept)
    assert code == 0, error
    found = kinds(folder)
    assert found["frame"] > 50 and found["chunk"] > 200
    # A dropped microphone that is not listened to says so, and nothing else is kept but packets.
    made = [event for event, _ in read_log(folder) if event.kind == "observation"]
    assert all(event.detail == {"heartbeat": True} for event in made)
    code, _, error = cli("replay", str(folder), "--check")
    assert code == 0 and f"{found['step']} compared, all equal" in error, error


def script_run(folder: Path, *settings: str, seconds: float = 4) -> list[Verdict]:
    """The demo's script as a file would be run: one thread, as fast as it goes, recorded."""
    script = Script(seconds)

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(script.frame, script.samples, 25, seconds, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    config = load_config(None, list(settings), {"record.folder": str(folder)})
    return list(Run(config, feeds).verdicts())


@pytest.mark.parametrize("raw", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_file_as_fast_as_it_goes_is_recorded_whole(raw: bool, tmp_path: Path) -> None:
    asr = "pocketsphinx" if raw else "none"  # words heard live are in `recorded`
    told = script_run(tmp_path / "rec", f"record.raw={raw}", f"asr.engine={asr}")
    replay = Replay(tmp_path / "rec")
    again = list(replay.verdicts())
    assert [alike(v.to_dict()) for v in again] == [alike(v.to_dict()) for v in told]
    assert len(again) == replay.compared == 16 and replay.ended


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_real_clips_replay_as_they_ran(
    count: int, data_dir: Path, cli: Cli, tmp_path: Path
) -> None:
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    assert clips
    for clip in clips[:count]:
        folder = str(tmp_path / clip.stem)
        assert cli("run", "--file", str(clip), "--record", folder)[0] == 0
        code, _, error = cli("replay", folder, "--check")
        assert code == 0 and "all equal" in error, error


def test_the_windows_of_the_run_are_those_of_the_replay(tmp_path: Path) -> None:
    settings = ("window.duration_s=1.5", "window.step_s=0.5", "window.text_s=5", "asr.engine=none")
    told = script_run(tmp_path / "rec", *settings)
    again = list(Replay(tmp_path / "rec").verdicts())
    assert [v.span_ns for v in again] == [v.span_ns for v in told]
    assert again[-1].span_ns[1] - again[-1].span_ns[0] == 1_500_000_000


# What may become of a recording


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_a_recording_that_replays(tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    command = [*DEMO, *WORDLESS, "--seconds", "60", "--record", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            log = folder / "events.jsonl"
            eventually(lambda: log.exists() and log.read_bytes().count(b'"kind":"step"') >= 8, 60)
            assert run.poll() is None
        finally:
            run.send_signal(signal.SIGKILL)
    replay = Replay(folder)
    assert len(list(replay.verdicts())) >= 8
    assert not replay.ended
    assert replay.compared >= 7 and not replay.differing


@pytest.mark.slow
def test_a_disk_that_is_full_ends_the_recording_and_not_the_run(tmp_path: Path) -> None:
    """No file of the process may grow beyond 100 kB; verdicts go to a pipe."""
    recorded = ["--record", str(tmp_path / "rec"), "--jsonl", "-"]
    command = [*DEMO, *WORDLESS, "--seconds", "6", *recorded]

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, preexec_fn=small_disk
    )
    assert done.returncode == 0, done.stderr
    assert "Recording ended after" in done.stderr and "File too large" in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) >= 23
    replay = Replay(tmp_path / "rec")
    again = [alike(verdict.to_dict()) for verdict in replay.verdicts()]
    assert 2 <= len(again) < len(told) and not replay.ended
    assert again == [alike(line) for line in told[: len(again)]]


def test_a_camera_that_never_opened_leaves_a_folder_that_can_be_taken_again(
    cli: Cli, tmp_path: Path
) -> None:
    folder = str(tmp_path / "rec")
    for _ in range(2):
        code, _, error = cli("run", "--camera", "/dev/video97", "--mic", "none", "--record", folder)
        assert code == 1 and "/dev/video97" in error


def test_steps_record_how_each_stream_was_linked(recorded: tuple[Path, list[Line]]) -> None:
    steps = [event for event, _ in read_log(recorded[0]) if isinstance(event, Stepped)]
    # Speech-to-text loads beside the run, so it may come up later than the devices.
    assert {steps[0].links[stream] for stream in ("audio", "vision")} == {"up"}
    assert steps[-1].links == {"text": "up", "audio": "up", "vision": "up"}


@pytest.mark.parametrize("raw", [False, True])
def test_a_replay_loads_what_it_needs_and_frees_it(
    raw: bool, engine: type[Counting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rec"
    script_run(folder, "engine.name=counting", "asr.engine=none", f"record.raw={raw}", seconds=1)
    if not raw:
        monkeypatch.setattr("edge.recognition.intake.FaceFrontEnd", None)
        monkeypatch.setattr("edge.recognition.intake.SpeechFrontEnd", None)
    engine.opened.clear()
    assert list(Replay(folder).verdicts())
    assert len(engine.opened) == 4 and all(one.closed for one in engine.opened)
    Replay(folder).close()
    assert all(one.closed for one in engine.opened)
