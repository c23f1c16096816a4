"""Bad input gets one clear sentence and a non-zero exit, never a traceback, and nothing is lost."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fixtures.command import Cli, complaint
from fixtures.noise import clip

# Files


def test_no_such_file(cli: Cli, tmp_path: Path) -> None:
    complaint(cli("run", "--file", str(tmp_path / "none.mp4")), "none.mp4")


def test_a_file_of_zero_bytes(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    complaint(cli("run", "--file", str(tmp_path / "empty.mp4")), "empty.mp4")


def test_a_text_file_named_mp4(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("This is no film.\n" * 100)
    complaint(cli("run", "--file", str(tmp_path / "text.mp4")), "text.mp4")


def test_a_torn_file_gives_what_is_whole_and_then_its_one_sentence(
    cli: Cli, tmp_path: Path
) -> None:
    whole = clip(tmp_path / "whole.mkv", seconds=4).read_bytes()
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(whole[: len(whole) // 2])
    result = cli("run", "--file", str(torn), "--jsonl", str(tmp_path / "v.jsonl"))
    complaint(result, "torn.mkv", "truncated")
    verdicts = [json.loads(x) for x in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert 0 < len(verdicts) < 16


@pytest.mark.parametrize(("has", "lacks"), [("sound", "picture"), ("picture", "sound")])
def test_a_file_that_lacks_a_stream_runs_on_the_other_and_says_so(
    cli: Cli, tmp_path: Path, has: str, lacks: str
) -> None:
    path = clip(tmp_path / "half.mkv", **{lacks: False})
    code, _, error = cli("run", "--file", str(path), "--jsonl", str(tmp_path / "v.jsonl"))
    assert code == 0
    shown = {"sound": "sound", "picture": "video"}
    assert f"{path} has no {shown[lacks]}" in error
    last = json.loads((tmp_path / "v.jsonl").read_text().splitlines()[-1])
    names = {"sound": "audio", "picture": "vision"}
    assert last["streams"][names[lacks]]["state"] == "absent"
    assert last["streams"][names[has]]["state"] != "absent"


# Devices and URLs


def test_no_such_camera(cli: Cli) -> None:
    complaint(cli("run", "--camera", "/dev/video97", "--mic", "none"), "/dev/video97")


def test_no_such_microphone(cli: Cli) -> None:
    complaint(cli("run", "--camera", "none", "--mic", "no such microphone"), "no such microphone")


def test_neither_camera_nor_microphone_nor_file(cli: Cli) -> None:
    complaint(cli("run", "--camera", "none", "--mic", "none"), "--file", "--camera")


def test_a_url_that_refuses(cli: Cli) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/video"
    complaint(cli("run", "--camera", url, "--mic", "none"), url)


def test_a_url_that_hangs_is_given_up_in_time(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/video"
        begun = time.monotonic()
        result = cli("run", "--camera", url, "--mic", "none", "--set", "source.open_timeout_s=1")
        assert time.monotonic() - begun < 5
    complaint(result, url)


def test_without_the_portaudio_library_the_sentence_names_the_package(tmp_path: Path) -> None:
    """A process of its own, in which the library cannot be found."""
    code = (
        "import ctypes.util, sys; find = ctypes.util.find_library\n"
        "ctypes.util.find_library = lambda name: None if 'portaudio' in name else find(name)\n"
        "sys.argv = ['cdat-edge', 'run', '--camera', 'none', '--mic', 'default']\n"
        "from edge.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    complaint((done.returncode, done.stdout, done.stderr), "libportaudio2")


# Configuration and outputs


def test_an_unknown_key(cli: Cli) -> None:
    complaint(cli("run", "--set", "window.stepp_s=1"), "window.stepp_s", "step_s")


def test_a_wrong_type(cli: Cli) -> None:
    complaint(cli("run", "--set", "window.step_s=often"), "window.step_s", "often")


def test_a_step_longer_than_the_window(cli: Cli) -> None:
    complaint(
        cli("run", "--set", "window.step_s=5", "--set", "window.duration_s=1"), "window.step_s"
    )


def test_a_vosk_model_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mkv")
    complaint(
        cli("run", "--file", str(path), "--set", f"asr.model={tmp_path / 'no_model'}"), "no_model"
    )


def test_a_jsonl_path_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mkv")
    target = str(tmp_path / "missing" / "v.jsonl")
    complaint(cli("run", "--file", str(path), "--jsonl", target), target)


def test_the_output_does_not_replace_the_input(cli: Cli, tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mkv")
    whole = path.read_bytes()
    (tmp_path / "same.jsonl").symlink_to(path)
    for target in (path, tmp_path / "same.jsonl"):
        complaint(cli("run", "--file", str(path), "--jsonl", str(target)), "--jsonl", "--file")
    assert path.read_bytes() == whole


def test_a_run_that_never_began_costs_no_earlier_output(cli: Cli, tmp_path: Path) -> None:
    earlier = tmp_path / "v.jsonl"
    earlier.write_text("yesterday's\n")
    complaint(cli("run", "--file", "none.mp4", "--jsonl", str(earlier)), "none.mp4")
    assert earlier.read_text() == "yesterday's\n"


def test_a_longer_earlier_output_is_replaced_whole(cli: Cli, tmp_path: Path) -> None:
    earlier = tmp_path / "v.jsonl"
    earlier.write_text("yesterday's\n" * 10_000)
    assert cli("run", "--file", str(clip(tmp_path / "c.mkv")), "--jsonl", str(earlier))[0] == 0
    assert "yesterday" not in earlier.read_text()


def test_a_disk_that_is_full(cli: Cli, tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mkv")
    complaint(cli("run", "--file", str(path), "--jsonl", "/dev/full"), "/dev/full", "No space")
