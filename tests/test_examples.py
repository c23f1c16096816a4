"""The examples, and the pages that show how to extend: each is run as it stands."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fixtures.documented import blocks
from fixtures.media import write_clip
from fixtures.mjpeg import MjpegCamera, mjpeg_server
from fixtures.served import served, shared_models
from rosbags.typesys import Stores, get_typestore

from edge.bundle import default_bundle
from edge.demo.script import Script
from edge.errors import SourceError
from edge.recognition.verdict import verdict_schema

__all__ = ["mjpeg_server"]

ROOT = Path(__file__).parents[1]


def run_python(*arguments: str) -> str:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_becomes_a_table(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    run_python(str(ROOT / "examples" / "file_to_csv.py"), str(clip), str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert [float(row["to_s"]) for row in rows[:3]] == [0.25, 0.5, 0.75]
    assert float(rows[0]["from_s"]) == 0.0


def test_a_live_run_calls_back(mjpeg_server: Callable[..., MjpegCamera]) -> None:
    camera = mjpeg_server()
    live = str(ROOT / "examples" / "live_callback.py")
    first = run_python(live, camera.url, "none", "2").splitlines()[0]
    assert first.startswith("20") and "vision" in first


def test_a_file_is_sent_to_a_server(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    with shared_models() as models, served(models) as house:
        client = str(ROOT / "examples" / "serve_client.py")
        lines = run_python(client, str(clip), f"ws://127.0.0.1:{house.port}/session").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))
    assert len(lines) == 8


@pytest.mark.parametrize("parts", [{}, {"fps": None}, {"sound": None}])
def test_a_file_is_sent_in_the_order_of_its_times(tmp_path: Path, parts: dict[str, Any]) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3, **parts)  # its sound lies a second ahead
    sent = list(imported("serve_client").pieces(str(clip)))
    times_ns = [int.from_bytes(piece[8:16], "little", signed=True) for piece in sent]
    assert times_ns == sorted(times_ns)
    kinds = {piece[0] for piece in sent}
    assert kinds == {1, 2} - ({1} if "fps" in parts else {2} if "sound" in parts else set())


def test_pushed_frames_become_verdicts() -> None:
    lines = run_python(str(ROOT / "examples" / "pushed_frames.py")).splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))
    assert len(lines) >= 7


@pytest.mark.parametrize("encoding", ["bgr8", "rgba8", "mono8"])
def test_pictures_of_ros_become_verdicts(encoding: str) -> None:
    node = imported("ros2_node")
    types = get_typestore(Stores.ROS2_HUMBLE)
    image, header, stamp = (
        types.types[name]
        for name in ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    )
    channels = node.CHANNELS[encoding]
    rows = np.zeros((48, 64 * channels + 5), np.uint8)  # rows are padded
    rows[:, : 64 * channels : channels] = 200  # the first channel
    recogniser = node.Recogniser(["vision"])
    found = []
    for k in range(13):
        time = stamp(sec=1_700_000_000, nanosec=k * 40_000_000)
        sent = image(
            header(time, "camera"), 48, 64, encoding, False, rows.shape[1], rows.reshape(-1)
        )
        wire = types.serialize_cdr(sent, image.__msgtype__)
        found += recogniser.on_image(types.deserialize_cdr(wire, image.__msgtype__))
    assert (
        node.picture(sent)[0, 0].tolist()
        == {
            "bgr8": [200, 0, 0],
            "rgba8": [0, 0, 200],
            "mono8": [200, 200, 200],
        }[encoding]
    )
    assert [one.streams["vision"].state for one in found] == ["dropped"]
    with pytest.raises(SourceError, match="bayer_rggb8: publish one of bgr8"):
        setattr(sent, "encoding", "bayer_rggb8")  # noqa: B010 - of a class made at run time
        node.picture(sent)


PICTURES_ALONE = """
import runpy, sys
sys.modules["audio_common_msgs"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""
"""The node as if audio_common_msgs were not installed: else it also waits for sound."""


@pytest.mark.skipif(
    find_spec("rclpy") is None, reason="no package index holds rclpy: source ROS 2 for this test"
)
@pytest.mark.alone
@pytest.mark.slow
def test_the_ros_node_takes_pictures_and_tells_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(10 + os.getpid() % 90))  # no other node of this network
    monkeypatch.setenv("ROS_LOCALHOST_ONLY", "1")
    rclpy, qos = import_module("rclpy"), import_module("rclpy.qos")
    image = import_module("sensor_msgs.msg").Image
    text = import_module("std_msgs.msg").String
    script = Script(10)
    pictures = [script.frame(index) for index in range(25)]
    verdicts: list[dict[str, Any]] = []
    labels: list[str] = []
    command = [sys.executable, "-c", PICTURES_ALONE, str(ROOT / "examples" / "ros2_node.py")]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    rclpy.init()
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}) as process:
        try:
            node = rclpy.create_node("test_of_cdat_edge")
            sender = node.create_publisher(image, "image", qos.qos_profile_sensor_data)
            heard = verdicts.append
            node.create_subscription(text, "verdict", lambda one: heard(json.loads(one.data)), 10)
            node.create_subscription(text, "emotion", lambda one: labels.append(one.data), 10)
            deadline_s = time.monotonic() + 60
            for sent in count():
                if len(labels) >= 12 <= len(verdicts) or time.monotonic() > deadline_s:
                    break
                message = image(encoding="bgr8", is_bigendian=0)
                message.header.stamp = node.get_clock().now().to_msg()
                bgr = pictures[sent % 25]
                message.height, message.width, channels = bgr.shape
                message.step, message.data = message.width * channels, bgr.tobytes()
                sender.publish(message)
                rclpy.spin_once(node, timeout_sec=0.04)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
            rclpy.try_shutdown()
    assert len(verdicts) >= 12
    for one in verdicts:
        jsonschema.validate(one, verdict_schema())
    assert verdicts[-1]["streams"]["vision"]["state"] == "used"
    assert labels[:12] == [one["label"] or "" for one in verdicts[:12]]


def imported(name: str) -> Any:
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["source", "engine", "sink"])
def test_the_code_on_a_page_about_extending_runs(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "extend" / f"{page}.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    clip = write_clip(tmp_path / "clip.mp4", 2)
    script = tmp_path / f"{page}.py"
    script.write_text(f"CLIP = {str(clip)!r}\n{code}", "utf-8")
    assert run_python(str(script)).strip()


def test_the_code_of_the_readme_runs_on_a_clip(tmp_path: Path) -> None:
    (code,) = blocks(ROOT / "README.md", "python")
    devices = 'camera=0, mic="default"'
    assert code.count(devices) == 1
    clip = write_clip(tmp_path / "clip.mp4", 2)
    script = tmp_path / "readme.py"
    script.write_text(code.replace(devices, f"file={str(clip)!r}"), "utf-8")
    told = run_python(str(script)).splitlines()
    assert any(line.startswith("vision is dropped: no_face") for line in told)
    assert sum(line.startswith("20") for line in told) == 8  # a verdict each quarter of a second


@pytest.mark.slow
def test_the_code_on_the_page_about_outputs_follows_a_run(tmp_path: Path) -> None:
    (code,) = blocks(ROOT / "docs" / "outputs.md", "python")
    address = "ws://127.0.0.1:8770"
    assert code.count(address) == 1
    clip = write_clip(tmp_path / "clip.mp4", 20)  # long enough for a slow machine to connect in
    command = [sys.executable, "-m", "edge", "run", "--file", str(clip), "--pace", "live"]
    command += ["--asr", "none", "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        assert run.stdout is not None
        try:
            said = next(line for line in run.stdout if b"HTTP: " in line).decode()
            base = said.split()[1].removesuffix("/latest").replace("http", "ws")
            script = tmp_path / "follow.py"
            script.write_text(code.replace(address, base), "utf-8")
            labels = run_python(str(script)).split()  # it ends with the run
        finally:
            run.kill()
    manifest = (default_bundle() / "manifest.json").read_text("utf-8")
    assert labels and set(labels) <= {*json.loads(manifest)["labels"], "None"}
