"""`cdat-edge doctor` on real parts: a camera on loopback, a bundle, speech-to-text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.command import Cli
from fixtures.mjpeg import MjpegCamera

from edge.bundle import default_bundle
from edge.config import Config, load_config
from edge.doctor import machine
from edge.doctor.devices import check_camera, check_microphone
from edge.doctor.finding import Finding, contained
from edge.doctor.machine import check_disk, check_machine
from edge.doctor.models import check_bundle, check_engine, check_speech_to_text
from edge.runtime.feed import Feed
from edge.types import Packet

MakeServer = Callable[..., MjpegCamera]


@pytest.fixture(autouse=True)
def _one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.doctor.devices.WATCHED_S", 1.0)


def asked(**options: Any) -> Config:
    return load_config(None, [], {name.replace("__", "."): v for name, v in options.items()})


@pytest.mark.parametrize(("luma", "state"), [(120, "ok"), (4, "note")])
def test_a_camera_is_watched_and_told(luma: int, state: str, mjpeg_server: MakeServer) -> None:
    picture = np.full((240, 320, 3), luma, np.uint8)
    found = check_camera(asked(source__camera=mjpeg_server(lambda t_ns: picture).url))
    assert found.state == state, found
    assert (found.facts["width"], found.facts["height"]) == (320, 240)
    assert found.facts["rate_hz"] > 15
    assert ("dark" in found.told) == (state == "note")


def test_a_camera_that_opens_and_delivers_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent:
        name, streams = "camera 0", frozenset({"vision"})

        def open(self) -> None:
            """It opens."""

        def packets(self) -> Iterator[Packet]:
            yield from ()

        def close(self) -> None:
            """It closes."""

    feed = Feed(Silent(), Silent.streams, lossless=False)  # type: ignore[arg-type]
    monkeypatch.setattr("edge.doctor.devices.device_feeds", lambda *given: [feed])
    found = check_camera(asked())
    assert found.state == "wrong" and "delivers no picture" in found.told


def test_what_is_not_asked_for_is_a_note() -> None:
    off = asked(source__camera="none", source__mic="none", asr__engine="none")
    for check in (check_camera, check_microphone, check_speech_to_text):
        assert check(off).state == "note"


def test_the_packaged_bundle_gives_its_golden_answers() -> None:
    found = check_bundle(asked())
    assert found.state == "ok" and found.facts["engine"] == "onnxruntime"
    assert check_engine(asked()).facts["can_serve"][-1] == "onnxruntime"
    assert check_speech_to_text(asked()).facts["engine"] in ("pocketsphinx", "vosk")


def test_an_altered_bundle_is_wrong(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))
    with (folder / "fusion.onnx").open("ab") as file:
        file.write(b"x")
    found = contained("bundle", check_bundle, asked(bundle=str(folder)))
    assert found.state == "wrong" and "fusion.onnx" in found.told


def test_little_memory_and_a_full_disk_are_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_machine(asked()).state == "ok" and check_disk(asked()).state == "ok"
    monkeypatch.setattr(machine, "NEEDED_GIB", 1e6)
    monkeypatch.setattr(machine, "NEEDED_MB", 1e12)
    assert check_machine(asked()).state == "note"
    assert "Make room" in check_disk(asked()).advice


def test_a_check_that_fails_is_a_finding() -> None:
    def broken(config: Config) -> Finding:
        raise RuntimeError("no symbol\nin libfoo")

    found = contained("camera", broken, asked())
    assert (found.state, found.told) == ("wrong", "It cannot be checked: no symbol.")


def test_the_command_says_what_would_fail_and_keeps_names_to_itself(
    cli: Cli, mjpeg_server: MakeServer
) -> None:
    picture = np.full((240, 320, 3), 120, np.uint8)
    url = mjpeg_server(lambda t_ns: picture).url
    code, told, error = cli("doctor", "--camera", url, "--mic", "none")
    assert code == 0 and "A run would begin" in error, told + error
    assert "320x240" in told
    code, told, error = cli("doctor", "--camera", "/dev/video97", "--mic", "none", "--json")
    assert code == 1 and "A run would fail: camera" in error
    found = json.loads(told)["findings"]
    assert found["camera"] == {"state": "wrong", "error": "DeviceError"}
    assert str(Path.home()) not in told and "video97" not in told


def test_a_missing_device_that_a_run_begins_without_is_a_note(cli: Cli) -> None:
    given = "--camera", "/dev/video97", "--mic", "none", "--set", "source.start_without=true"
    code, told, error = cli("doctor", *given, "--json")
    assert code == 0 and "A run would begin" in error, told + error
    assert json.loads(told)["findings"]["camera"] == {"state": "note", "error": "DeviceError"}
