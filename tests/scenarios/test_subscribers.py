"""Processes that follow a live run: how soon they have a label, and that none of them slows it."""

from __future__ import annotations

import json
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fixtures.mosquitto import Mosquitto, Subscriber
from fixtures.waiting import LIMIT_S, eventually
from fixtures.websockets import follow, slow_subscriber

from edge.bundle.load import default_bundle, read_manifest
from edge.types import NS_PER_S

pytestmark = pytest.mark.slow

STEP_S = 0.25
QUICK_STEP_S = 0.1
"""A socket that nobody reads is full after about 150 verdicts."""
BEGINNING = 50
"""Steps in which a run still warms up."""


@dataclass
class LiveRun:
    """A run of the demo in a process of its own, with its WebSocket.

    Attributes:
        port: Of its HTTP server.
        jsonl: What it wrote of each verdict.
        said: All that it printed, once it has ended.
    """

    port: int
    jsonl: Path
    said: list[str] = field(default_factory=list)

    def lines(self) -> list[dict[str, Any]]:
        """The verdicts so far."""
        complete = self.jsonl.read_text("utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in complete.splitlines()]


@contextmanager
def live_run(folder: Path, *options: str) -> Iterator[LiveRun]:
    """Run until the block ends, then press Ctrl-C."""
    command = [sys.executable, "-m", "edge", "demo", "--seconds", "600", "--http", "127.0.0.1:0"]
    command += ["--jsonl", str(folder / "run.jsonl"), "--set", "asr.engine=none", *options]
    pipe, errors = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, stdout=pipe, stderr=errors, text=True) as process:
        assert process.stdout is not None
        try:
            said = next(line for line in process.stdout if "HTTP: " in line)
            address = re.search(r"127\.0\.0\.1:(\d+)", said)
            assert address is not None, said
            run = LiveRun(int(address[1]), folder / "run.jsonl", [said])
            yield run
            process.send_signal(signal.SIGINT)
            run.said.append(process.stdout.read())
        finally:
            process.kill()
    assert process.returncode == 0, run.said


def made_s(verdict: dict[str, Any]) -> float:
    """When it was made, in Unix time."""
    return datetime.fromisoformat(verdict["wall_time"].replace("Z", "+00:00")).timestamp()


def check_labels(heard: list[dict[str, Any]], written: list[dict[str, Any]]) -> None:
    """What arrived has the labels of the run, and labels there are."""
    labels = {line["seq"]: line["label"] for line in written}
    assert [one["label"] for one in heard] == [labels[one["seq"]] for one in heard]
    known = set(read_manifest(default_bundle()).labels)
    assert known & {one["label"] for one in heard}


def test_a_websocket_has_a_label_within_a_step(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    delays_s: list[float] = []
    with live_run(tmp_path) as run, follow(f"ws://127.0.0.1:{run.port}/verdicts") as socket:
        while len(heard) < 20:
            heard.append(json.loads(socket.recv(LIMIT_S)))
            delays_s.append(time.time() - made_s(heard[-1]))
        eventually(lambda: run.lines()[-1]["seq"] >= heard[-1]["seq"])
    assert statistics.median(delays_s) < STEP_S, delays_s
    check_labels(heard, run.lines())


def test_mqtt_has_a_label_within_a_step(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.start()
    topic = "home/mood/verdict"
    with Subscriber(mosquitto) as subscriber, live_run(tmp_path, "--mqtt", mosquitto.url) as run:
        eventually(lambda: len(subscriber.heard(topic)) >= 20)
        arrived = [one for one in list(subscriber.messages) if one.topic == topic]
        heard = [json.loads(one.payload) for one in arrived]
        eventually(lambda: run.lines()[-1]["seq"] >= heard[-1]["seq"])
        # The client stamps a message on the monotonic clock when it arrives.
        to_unix_s = time.time() - time.monotonic()
        shown = subscriber.heard("home/mood/label")
    delays_s = [
        message.timestamp + to_unix_s - made_s(verdict)
        for message, verdict in zip(arrived, heard, strict=True)
    ]
    assert statistics.median(delays_s) < STEP_S, delays_s
    check_labels(heard, run.lines())
    assert set(shown) <= {one["label"] or "abstains" for one in run.lines()} and shown


def test_a_websocket_that_is_not_read_leaves_the_rate_of_verdicts_as_it_is(tmp_path: Path) -> None:
    delays_s: list[float] = []
    seqs: list[int] = []
    with (
        live_run(tmp_path, "--set", f"window.step_s={QUICK_STEP_S}") as run,
        slow_subscriber(run.port),
        follow(f"ws://127.0.0.1:{run.port}/verdicts") as reader,
    ):
        deadline_s = time.monotonic() + 2 * LIMIT_S
        while lost(run.port) < 10:
            assert time.monotonic() < deadline_s
            for _ in range(10):
                seqs.append(json.loads(reader.recv(LIMIT_S))["seq"])
        full = seqs[-1]
        for _ in range(50):
            one = json.loads(reader.recv(LIMIT_S))
            seqs.append(one["seq"])
            delays_s.append(time.time() - made_s(one))
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert statistics.median(delays_s) < QUICK_STEP_S, delays_s
    lines = run.lines()
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    ends_ns = [line["span_ns"][1] for line in lines]
    gaps_ns = [b - a for a, b in pairwise(ends_ns)]
    step_ns = round(QUICK_STEP_S * NS_PER_S)
    assert all(gap_ns > 0 and gap_ns % step_ns == 0 for gap_ns in gaps_ns)
    # A machine that stalls makes some steps late or skips them, but not half of them.
    before_s = typical_gap_s(lines[BEGINNING:full])
    assert typical_gap_s(lines[full:]) < 1.5 * max(QUICK_STEP_S, before_s)
    assert "a WebSocket is too slow" in run.said[-1]


def typical_gap_s(lines: list[dict[str, Any]]) -> float:
    """The median time between two verdicts."""
    return statistics.median(made_s(b) - made_s(a) for a, b in pairwise(lines))


def lost(port: int) -> float:
    """Verdicts that subscribers lost, by the run's own figures."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT_S).text
    found = re.search(r"^cdat_edge_subscribers_lost_total (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])
