"""A replay gives the recorded run again, bit for bit, and whatever became of the recording."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.waiting import eventually

from edge.bundle import default_bundle
from edge.cli import main
from edge.clock import Clock, HandClock
from edge.commands import demo as demo_command
from edge.config import load_config
from edge.demo import Script, demo_run
from edge.recognition.verdict import Verdict
from edge.recording.events import Stepped
from edge.recording.log import read_log
from edge.recording.replay import IGNORED, Replay
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.script import ScriptedSource

Line = dict[str, Any]
Cli = Callable[..., tuple[int, str, str]]
DEMO = [sys.executable, "-m", "edge.cli", "demo"]
WORDLESS = ["--set", "asr.engine=none"]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command in this process; gives exit code, standard output and standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        told = capfd.readouterr()
        return code, told.out, told.err

    return call


def lines(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def alike(verdict: Line) -> Line:
    return {key: value for key, value in verdict.items() if key not in IGNORED}


def kinds(folder: Path) -> Counter[str]:
    return Counter(event.kind for event, _ in read_log(folder))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Line]]:
    """The demo, live, with all its threads and faults: the recording and the lines it gave."""
    folder = tmp_path_factory.mktemp("recorded")
    command = [*DEMO, "--seconds", "8", "--record", "live", "--jsonl", "live.jsonl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Recording" in done.stderr
    return folder / "live", lines(folder / "live.jsonl")


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


@pytest.mark.parametrize("raw", [False, True])
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


# Bad input


def complaint(result: tuple[int, str, str], *parts: str) -> None:
    code, _, error = result
    told = [line for line in error.splitlines() if line.startswith("cdat-edge: ")]
    assert code == 1 and len(told) == 1 and "Traceback" not in error, error
    for part in parts:
        assert part in told[0]


@pytest.fixture
def copy(recorded: tuple[Path, list[Line]], tmp_path: Path) -> Path:
    """A recording to damage."""
    return Path(shutil.copytree(recorded[0], tmp_path / "copy"))


def edit(copy: Path, **changes: Any) -> None:
    path = copy / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_no_such_recording(cli: Cli, tmp_path: Path) -> None:
    complaint(cli("replay", str(tmp_path / "nothing")), "nothing", "--record")


def test_a_folder_of_something_else(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    complaint(cli("replay", str(tmp_path)), "session.json")
    complaint(cli("replay", str(default_bundle())), "session.json", "not a recording")


def test_a_session_that_is_a_pipe_is_not_waited_for(cli: Cli, copy: Path) -> None:
    (copy / "session.json").unlink()
    os.mkfifo(copy / "session.json")
    complaint(cli("replay", str(copy)), "session.json", "regular")


def test_a_session_that_is_not_json(cli: Cli, copy: Path) -> None:
    (copy / "session.json").write_text("{")
    complaint(cli("replay", str(copy)), "session.json", "JSON")


@pytest.mark.parametrize("version", [None, 99])
def test_a_recording_of_another_release(cli: Cli, copy: Path, version: int | None) -> None:
    edit(copy, schema_version=version)
    complaint(cli("replay", str(copy)), "schema_version", str(version), "release")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("content", "../../etc/passwd"),
        ("window", {"duration_s": 1e9}),
        ("engine", {"name": "/bin/sh", "threads": 1, "device": ""}),
        ("surprise", 1),
    ],
)
def test_a_session_with_a_value_that_it_cannot_have(
    cli: Cli, copy: Path, key: str, value: Any
) -> None:
    edit(copy, **{key: value})
    complaint(cli("replay", str(copy)), "session.json", key)


def test_an_empty_log_is_nothing_to_replay(cli: Cli, copy: Path) -> None:
    (copy / "events.jsonl").write_text("")
    complaint(cli("replay", str(copy)), "no complete step")


def test_a_torn_log_is_replayed_up_to_the_tear_and_says_so(cli: Cli, copy: Path) -> None:
    log = copy / "events.jsonl"
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    code, _, error = cli("replay", str(copy), "--check")
    assert code == 0, error
    assert "truncated" in error and "all equal" in error


def test_an_observation_of_another_shape(cli: Cli, copy: Path) -> None:
    log = copy / "events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"shape":[1,48,48]', b'"shape":[48,1,48]', 1))
    complaint(cli("replay", str(copy)), "vision", "[48, 1, 48]")


def test_an_observation_with_too_few_signals(cli: Cli, copy: Path) -> None:
    log = copy / "events.jsonl"
    event = {"kind": "observation", "stream": "vision", "t_ns": 0, "quality": [1], "detail": {}}
    log.write_bytes(json.dumps(event).encode() + b"\n" + log.read_bytes())
    complaint(cli("replay", str(copy)), "vision", "1 signals")


def test_a_bad_recording_does_not_cost_the_lines_of_an_earlier_one(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "kept.jsonl").write_text("kept\n")
    assert cli("replay", str(tmp_path), "--jsonl", str(tmp_path / "kept.jsonl"))[0] == 1
    assert (tmp_path / "kept.jsonl").read_text() == "kept\n"


def test_verdicts_that_are_not_the_recorded_ones_are_told_and_fail_a_check(
    cli: Cli, copy: Path
) -> None:
    log = copy / "events.jsonl"
    events = log.read_text("utf-8").splitlines()
    at = [k for k, line in enumerate(events) if '"kind":"verdict"' in line][5]
    event = json.loads(events[at])
    event["verdict"]["label"] = "elated"
    events[at] = json.dumps(event)
    log.write_text("\n".join(events) + "\n", "utf-8")
    code, _, error = cli("replay", str(copy))
    assert code == 0 and "the first #5: label is" in error and "elated" in error
    complaint(cli("replay", str(copy), "--check"), "replays differently", "#5")


def test_one_observation_less_gives_other_verdicts(copy: Path) -> None:
    """The comparison can fail: every observation counts."""
    log = copy / "events.jsonl"
    events = log.read_bytes().splitlines(keepends=True)
    pictures = [line for line in events if b'"stream":"vision"' in line and b'"block"' in line]
    log.write_bytes(b"".join(line for line in events if line is not pictures[20]))
    replay = Replay(copy)
    assert list(replay.verdicts())
    assert 0 < replay.differing < replay.compared


# Another bundle


@pytest.fixture
def other_bundle(tmp_path: Path) -> Path:
    """The packaged one under another name: another manifest, the same networks."""
    folder = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"name": "another"}))
    return folder


def test_another_bundle_is_refused_unless_chosen(cli: Cli, copy: Path) -> None:
    edit(copy, bundle={"name": "long gone", "digest": "0" * 64})
    complaint(cli("replay", str(copy)), "long gone", "--bundle")


def test_another_bundle_may_be_chosen_and_is_told(cli: Cli, copy: Path, other_bundle: Path) -> None:
    code, _, error = cli("replay", str(copy), "--bundle", str(other_bundle))
    assert code == 0 and "another bundle" in error, error


def test_features_of_another_front_end_are_refused(
    cli: Cli, copy: Path, other_bundle: Path
) -> None:
    edit(copy, frontend_digest="0" * 64)
    complaint(cli("replay", str(copy), "--bundle", str(other_bundle)), "front end")


# Asking for a recording


def test_raw_without_a_folder_is_no_recording(cli: Cli) -> None:
    complaint(cli("demo", "--record-raw"), "--record DIR")


def test_a_folder_that_is_not_empty_is_not_written_to(cli: Cli, copy: Path) -> None:
    before = (copy / "events.jsonl").read_bytes()
    complaint(cli("demo", "--record", str(copy)), str(copy), "is not empty")
    assert (copy / "events.jsonl").read_bytes() == before


def test_a_folder_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    complaint(cli("demo", "--record", str(tmp_path / "a" / "b")), "--record", "No such file")
    complaint(cli("demo", "--record", "/proc/rec"), "--record", "/proc/rec")


def test_steps_record_how_each_stream_was_linked(recorded: tuple[Path, list[Line]]) -> None:
    steps = [event for event, _ in read_log(recorded[0]) if isinstance(event, Stepped)]
    assert steps[0].links == {"text": "up", "audio": "up", "vision": "up"}
