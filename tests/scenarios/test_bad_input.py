"""Bad input gets one clear sentence and a non-zero exit, never a traceback, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge.bundle import default_bundle
from edge.cli import main

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command in this process; gives the exit code and what stood on standard error."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        return code, capfd.readouterr().err

    return call


def complaint(result: tuple[int, str], *parts: str) -> None:
    """Exit code 1 and exactly one sentence of complaint, which names every part."""
    code, error = result
    lines = [line for line in error.splitlines() if line.startswith("cdat-edge: ")]
    assert code == 1, error
    assert len(lines) == 1, error
    assert "Traceback" not in error
    for part in parts:
        assert part in lines[0]


# Files


def test_no_such_file(cli: Cli, tmp_path: Path) -> None:
    complaint(cli("run", "--file", str(tmp_path / "none.mp4")), "none.mp4")


def test_a_file_of_zero_bytes(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    complaint(cli("run", "--file", str(tmp_path / "empty.mp4")), "empty.mp4")


def test_a_text_file_named_mp4(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("This is no film.\n" * 100)
    complaint(cli("run", "--file", str(tmp_path / "text.mp4")), "text.mp4")


def clip(path: Path, seconds: float = 1.0, sound: bool = True, picture: bool = True) -> Path:
    """A media file of noise, with or without sound and picture."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10) if picture else None
        audio = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
            for _ in range(round(seconds * 10)):
                image = rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)
                container.mux(video.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
            container.mux(video.encode(None))
        if audio is not None:
            noise = rng.normal(0, 0.1, (1, round(seconds * 16000))).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(noise, "fltp", "mono")
            frame.sample_rate = 16000
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


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
    code, error = cli("run", "--file", str(path), "--jsonl", str(tmp_path / "v.jsonl"))
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
    complaint((done.returncode, done.stderr), "libportaudio2")


# Bundles


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the packaged bundle, to be broken."""
    return Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def run_bundle(cli: Cli, bundle: Path, tmp_path: Path) -> tuple[int, str]:
    return cli("run", "--bundle", str(bundle), "--file", str(clip(tmp_path / "clip.mkv")))


def test_the_copy_of_the_bundle_runs(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    assert run_bundle(cli, bundle, tmp_path)[0] == 0


def test_a_bundle_that_is_no_folder(cli: Cli, tmp_path: Path) -> None:
    complaint(run_bundle(cli, tmp_path / "nothing", tmp_path), "nothing", "--bundle")


def test_a_bundle_without_its_manifest(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "manifest.json").unlink()
    complaint(run_bundle(cli, bundle, tmp_path), "manifest.json")


def test_a_bundle_that_lacks_a_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "vision.onnx").unlink()
    complaint(run_bundle(cli, bundle, tmp_path), "vision.onnx")


def test_a_bundle_with_an_altered_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    with (bundle / "fusion.onnx").open("ab") as file:
        file.write(b"\0")
    complaint(run_bundle(cli, bundle, tmp_path), "fusion.onnx", "SHA-256")


def test_a_bundle_whose_graph_is_no_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "text.onnx").write_bytes(b"no graph")
    digest = hashlib.sha256(b"no graph").hexdigest()
    edit(bundle, lambda m: m["files"].update({"text.onnx": digest}))
    complaint(run_bundle(cli, bundle, tmp_path), "text.onnx", "ONNX Runtime")


def test_a_bundle_of_another_schema(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(schema_version=99))
    complaint(run_bundle(cli, bundle, tmp_path), "schema_version", "99")


def test_a_bundle_of_another_front_end(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["frontend"]["audio"].update(mels=40))
    complaint(run_bundle(cli, bundle, tmp_path), "audio.mels", "40", "64")


def test_a_bundle_with_another_front_end_digest(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(frontend_digest="0" * 64))
    complaint(run_bundle(cli, bundle, tmp_path), "digest")


def test_a_bundle_whose_labels_do_not_fit_its_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["labels"].pop())
    complaint(run_bundle(cli, bundle, tmp_path), "golden.npz", "labels")


def test_a_bundle_whose_labels_were_renamed(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["labels"].reverse())
    complaint(run_bundle(cli, bundle, tmp_path), "golden.npz", "labels")


def test_a_bundle_whose_input_is_of_another_type(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["streams"]["vision"].update(dtype="int32"))
    complaint(run_bundle(cli, bundle, tmp_path), "vision.onnx", "int32")


def test_a_bundle_that_reaches_outside_its_folder(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["streams"]["text"].update(graph="../../etc/passwd"))
    complaint(run_bundle(cli, bundle, tmp_path), "streams.text.graph")


def test_a_manifest_with_an_unknown_key(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(surprise=1))
    complaint(run_bundle(cli, bundle, tmp_path), "surprise")


def test_a_manifest_that_is_not_json(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "manifest.json").write_text("{")
    complaint(run_bundle(cli, bundle, tmp_path), "manifest.json", "JSON")


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
