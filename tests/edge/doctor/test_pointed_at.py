"""Errors of what the doctor looks at point to it; others do not."""

from __future__ import annotations

import importlib
import socket
import sys
from pathlib import Path

import pytest
from fixtures.command import Cli, complaint

from edge.errors import DOCTOR


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (("bundle=no_such_bundle",), "no_such_bundle"),
        (("engine.name=tensorrt",), "tensorrt"),
        (("asr.engine=vosk", "asr.model=no/model"), "no/model"),
        (("asr.engine=sherpa",), "sherpa-onnx needs a model"),
    ],
)
def test_bundle_engine_and_speech_to_text(
    given: tuple[str, ...], part: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    options = [part for key in given for part in ("--set", key)]
    result = cli("demo", "--seconds", "6", *options)
    complaint(result, part, f"{DOCTOR}, with the same options.")


@pytest.mark.parametrize("command", [("bench",), ("calibrate", "anna")])
def test_no_options_are_promised_that_the_doctor_lacks(command: tuple[str, ...], cli: Cli) -> None:
    result = cli(*command, "--bundle", "no_such_bundle")
    complaint(result, "no_such_bundle", f"{DOCTOR}.")


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("edge.sinks.http.sink", ("--http", "127.0.0.1:0")),
        ("edge.sinks.mqtt.sink", ("--mqtt", "mqtt://127.0.0.1/x")),
        ("edge.sinks.osc", ("--osc", "127.0.0.1:9")),
        ("edge.sinks.lsl", ("--lsl", "mood")),
        ("edge.dashboard.sink", ("--dashboard",)),
    ],
)
def test_a_missing_extra(
    module: str, given: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module(module), "find_spec", lambda name: None)
    result = cli("demo", "--seconds", "6", *given, "--set", "asr.engine=none")
    complaint(result, "pip install 'cdat-edge[", DOCTOR)


def test_a_port_in_use(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = cli("demo", "--seconds", "6", "--http", address, "--set", "asr.engine=none")
    complaint(result, f"cannot listen on {address}", DOCTOR)


def test_a_wrong_key_and_a_missing_file_do_not(cli: Cli) -> None:
    for given in (("run", "--set", "no.key=1"), ("run", "--file", "no_such_file.mp4")):
        code, _, error = cli(*given)
        assert code == 1 and DOCTOR not in error
