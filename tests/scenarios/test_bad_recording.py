"""A recording that is damaged, or of something else, costs one sentence."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import Cli, complaint
from fixtures.demo_recording import edit

from edge.bundle import default_bundle
from edge.recording.replay import Replay


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


def test_a_line_that_cannot_be_read_is_told_and_fails_a_check(cli: Cli, copy: Path) -> None:
    """It is not the end of a torn log: more was recorded, and was not compared."""
    log = copy / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    lines[half] = lines[half].replace(b"{", b'{"of_a_later_release": 1, ', 1)
    log.write_bytes(b"".join(lines))
    where = f"event {half + 1} cannot be read, and {len(lines) - half} events were left out"
    code, _, error = cli("replay", str(copy))
    assert code == 0 and where in error, error
    complaint(cli("replay", str(copy), "--check"), "not checked to its end", where)


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


def test_a_recording_of_a_version_that_left_the_correction_out_replays_the_same(
    copy: Path,
) -> None:
    log = copy / "events.jsonl"
    told = log.read_text("utf-8")
    events = [json.loads(line) for line in told.splitlines()]
    for event in events:
        if event["kind"] == "verdict":
            assert event["verdict"].pop("corrected") is False
    log.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    replay = Replay(copy)
    assert list(replay.verdicts())
    assert replay.compared and not replay.differing, replay.first_difference


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


def test_pictures_in_a_recording_of_features(cli: Cli, copy: Path) -> None:
    log = copy / "events.jsonl"
    block = next(one for one in map(json.loads, log.open()) if one.get("block"))["block"]
    event = {"kind": "frame", "t_ns": 0, "index": 0, "block": block}
    log.write_bytes(json.dumps(event).encode() + b"\n" + log.read_bytes())
    complaint(cli("replay", str(copy)), "has a frame", "features")
