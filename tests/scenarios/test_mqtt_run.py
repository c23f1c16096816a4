"""A run that publishes over MQTT, while its broker is away, comes, dies and comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from fixtures.mosquitto import Mosquitto, Subscriber
from fixtures.waiting import eventually

USER, PASSWORD = "cdat", "hunter2-hunter2"
PASSWORD_VARIABLE = "CDAT_MQTT_PASSWORD"
AVAILABILITY = "home/mood/availability"


@contextmanager
def running(folder: Path, url: str, password: str = PASSWORD) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge", "demo", "--seconds", "600", "--mqtt", url]
    command += ["--set", "asr.engine=none", "--jsonl", str(folder / "out.jsonl")]
    command += ["--record", str(folder / "recording"), "--set", f"output.log={folder / 'log'}"]
    env = {**os.environ, PASSWORD_VARIABLE: password}
    pipe, errors = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, env=env, stdout=pipe, stderr=errors, text=True) as run:
        try:
            yield run
        finally:
            run.kill()


def events(folder: Path, event: str) -> list[str]:
    log = folder / "log"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [line["sentence"] for line in lines if line["event"] == event]


@pytest.mark.slow
def test_the_run_does_not_mind_its_broker_and_tells_no_password(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.require(USER, PASSWORD)
    url = mosquitto.url.replace("//", f"//{USER}@")
    with running(tmp_path, url) as run:
        eventually(lambda: events(tmp_path, "mqtt_lost"))
        mosquitto.start()
        with Subscriber(mosquitto, USER, PASSWORD) as heard:
            eventually(lambda: heard.heard("home/mood/verdict"))
            heard.hears(AVAILABILITY, "online")
        mosquitto.kill()
        eventually(lambda: len(events(tmp_path, "mqtt_lost")) == 2)
        mosquitto.start()
        with Subscriber(mosquitto, USER, PASSWORD) as heard:
            eventually(lambda: heard.heard("home/mood/verdict"))
            run.send_signal(signal.SIGINT)
            assert run.stdout is not None
            said = run.stdout.read()
            assert run.wait() == 0, said
            heard.hears(AVAILABILITY, "offline")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").open()]
    ends_ns = [line["span_ns"][1] for line in lines]
    assert {b - a for a, b in pairwise(ends_ns)} == {250_000_000}
    where = f"The MQTT broker 127.0.0.1:{mosquitto.port}"
    assert events(tmp_path, "mqtt_lost") == [
        f"{where} cannot be reached: Connection refused; it is tried again and again.",
        f"{where} was lost; it is tried again and again.",
    ]
    assert len(events(tmp_path, "mqtt_back")) == 2
    assert f"{where} was lost" in said
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 4
    assert all(PASSWORD.encode() not in path.read_bytes() for path in written)
    assert PASSWORD not in said


def test_a_password_that_is_refused_is_one_sentence_and_the_run_goes_on(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.require(USER, PASSWORD)
    mosquitto.start()
    with running(tmp_path, mosquitto.url.replace("//", f"//{USER}:wrong-one@")) as run:
        eventually(lambda: events(tmp_path, "mqtt_lost"))
        run.send_signal(signal.SIGINT)
        assert run.stdout is not None
        said = run.stdout.read()
    assert run.returncode == 0, said
    (sentence,) = events(tmp_path, "mqtt_lost")
    assert "refuses the connection: Not authorized" in sentence
    assert "wrong-one" not in said


def test_a_run_that_is_killed_is_offline(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.start()
    with Subscriber(mosquitto) as heard, running(tmp_path, mosquitto.url) as run:
        heard.hears(AVAILABILITY, "online")
        eventually(lambda: "homeassistant/sensor" in str([one.topic for one in heard.messages]))
        run.kill()
        heard.hears(AVAILABILITY, "offline")
