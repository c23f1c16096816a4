"""Verdicts over HTTP, read by httpx, websockets and prometheus-client's own parser."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import jsonschema
import pytest
from fixtures.verdicts import abstaining, verdict
from fixtures.waiting import LIMIT_S, eventually
from fixtures.websockets import follow, slow_subscriber
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection

from edge.errors import ConfigError, SinkError
from edge.recognition.verdict import verdict_schema
from edge.sinks.http import sink as http_sink
from edge.sinks.http.audience import WAITING
from edge.sinks.http.sink import HttpOutput
from edge.sinks.output_thread import OutputThread
from edge.web import restarts

TOKEN = "a-token-of-some-length"


class Served:
    """An output, what it lost, and what it said."""

    def __init__(self, address: str = "127.0.0.1:0", token: str | None = None) -> None:
        self.lost: Counter[str] = Counter()
        self.notes: list[str] = []
        drops = Counter({"frames: too old": 3})
        self.output = HttpOutput(
            address, token, 0.25, lambda: drops, self._count, self.notes.append
        )
        self.port = int(self.output.url.rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"
        self.sockets = f"ws://127.0.0.1:{self.port}/verdicts"

    def _count(self, cause: str, count: int) -> None:
        self.lost[cause] += count

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=LIMIT_S)

    def shows(self, seq: int) -> bool:
        return bool(self.get("/latest").json()["seq"] == seq)

    def figures(self) -> dict[str, float]:
        found = {}
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for one in family.samples:
                names = ",".join(one.labels[key] for key in sorted(one.labels))
                found[f"{one.name}({names})"] = one.value
        return found


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    opened: list[Served] = []

    def make(*arguments: str) -> Served:
        opened.append(Served(*arguments))
        return opened[-1]

    yield make
    for one in opened:
        one.output.close()


def test_the_newest_verdict_the_health_and_the_metrics(serve: Serve) -> None:
    one = serve()
    assert one.get("/latest").status_code == 204
    assert one.get("/healthz").json()["status"] == "starting"
    assert one.get("/healthz").status_code == 503
    for seq in range(3):
        one.output.write(verdict(seq, "dark" if seq == 2 else None))
    eventually(lambda: one.get("/latest").status_code == 200 and one.shows(2))
    assert one.get("/latest").json() == json.loads(verdict(2, "dark").to_json())
    assert one.get("/healthz").json()["status"] == "ok"
    assert one.get("/schema").json() == verdict_schema()
    figures = one.figures()
    assert figures["cdat_edge_verdicts_total()"] == 3
    assert figures["cdat_edge_labels_total(happy)"] == 3
    assert figures["cdat_edge_abstained_total()"] == 0
    assert figures["cdat_edge_stream(dropped,vision)"] == 1
    assert figures["cdat_edge_stream(used,vision)"] == 0
    assert figures["cdat_edge_stream_reliability(vision)"] == pytest.approx(0.05)
    assert figures["cdat_edge_drops_total(too old,frames)"] == 3
    assert figures["cdat_edge_latency_seconds_count()"] == 3
    assert figures["cdat_edge_score(happy)"] == pytest.approx(0.7)
    assert figures["cdat_edge_correction()"] == 0
    one.output.write(abstaining(3))
    eventually(lambda: one.shows(3))
    assert math.isnan(one.figures()["cdat_edge_score(happy)"])
    one.output.write(replace(verdict(4), corrected=("vision",)))
    eventually(lambda: one.shows(4))
    figures = one.figures()
    assert figures["cdat_edge_correction()"] == figures["cdat_edge_stream_corrected(vision)"] == 1
    assert figures["cdat_edge_stream_corrected(audio)"] == 0


def test_a_subscriber_gets_each_verdict_and_the_end(serve: Serve) -> None:
    one = serve()
    with follow(one.sockets) as socket:
        eventually(lambda: one.figures()["cdat_edge_subscribers()"] == 1)
        for seq in range(5):
            one.output.write(verdict(seq))
            line = json.loads(socket.recv(LIMIT_S))
            jsonschema.validate(line, verdict_schema())
            assert line == json.loads(verdict(seq).to_json())
        one.output.close()
        with pytest.raises(ConnectionClosedOK, match="the run has ended"):
            socket.recv(LIMIT_S)
    assert not one.lost and not one.notes


def test_a_subscriber_that_does_not_read_holds_nobody_and_its_losses_are_counted(
    serve: Serve,
) -> None:
    one = serve()
    with slow_subscriber(one.port), follow(one.sockets) as reader:
        eventually(lambda: one.figures()["cdat_edge_subscribers()"] == 2)
        for seq in range(600):  # the kernel and the server keep about 250
            one.output.write(verdict(seq))
            assert json.loads(reader.recv(LIMIT_S))["seq"] == seq
        assert one.figures()["cdat_edge_subscribers_lost_total()"] >= WAITING
        one.output.close()
    assert one.lost["a WebSocket is too slow"] >= WAITING


def test_each_person_has_a_newest_verdict_and_numbers_until_they_leave(serve: Serve) -> None:
    one = serve()
    step = [replace(verdict(0), person=1), replace(verdict(0, "dark"), person=2)]
    with follow(one.sockets) as socket:
        eventually(lambda: one.figures()["cdat_edge_subscribers()"] == 1)
        for each in step:
            one.output.write(each)
        told = [json.loads(socket.recv(LIMIT_S)) for _ in step]
    assert told == [json.loads(each.to_json()) for each in step]
    assert one.get("/latest").json() == one.get("/latest?person=1").json() == told[0]
    assert one.get("/latest?person=2").json() == told[1]
    assert one.get("/latest?person=all").json() == told
    for nobody in ("3", "0", "all2", "9" * 5000):
        answer = one.get(f"/latest?person={nobody}")
        assert answer.status_code == 404 and "/latest?person=all" in answer.json()["error"]
    figures = one.figures()
    assert figures["cdat_edge_people()"] == figures["cdat_edge_verdicts_total()"] == 2
    assert figures["cdat_edge_person_score(happy,2)"] == pytest.approx(0.7)
    assert figures["cdat_edge_person_confidence(1)"] == pytest.approx(0.8)
    assert figures["cdat_edge_person_stream_used(1,vision)"] == 1
    assert figures["cdat_edge_person_stream_used(2,vision)"] == 0
    assert figures["cdat_edge_stream(used,vision)"] == 1  # the first person's
    for seq in (1, 2):  # person 1 has left
        one.output.write(replace(verdict(seq), person=2))
    eventually(lambda: one.shows(2))
    assert [each["person"] for each in one.get("/latest?person=all").json()] == [2]
    assert not any("person" in name and "(1" in name for name in one.figures())
    one.output.write(verdict(3))  # nobody is left
    eventually(lambda: one.shows(3))
    assert one.get("/latest?person=all").json() == [one.get("/latest").json()]
    assert one.get("/latest?person=None").status_code == 404
    assert one.figures()["cdat_edge_people()"] == 0


def test_off_loopback_a_token_is_needed(serve: Serve) -> None:
    one = serve("0.0.0.0:0", TOKEN)
    one.output.write(verdict(0))
    for path in ("/latest", "/healthz", "/metrics", "/schema"):
        assert one.get(path).status_code == 403
        assert one.get(path, Authorization="Bearer wrong").status_code == 403
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    eventually(lambda: one.get("/latest", **bearer).status_code == 200)
    with pytest.raises(InvalidStatus), follow(one.sockets):
        pass
    receives(one, follow(one.sockets, bearer))
    receives(one, follow(f"{one.sockets}?token={TOKEN}"))


def receives(one: Served, subscriber: ClientConnection) -> None:
    with subscriber:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        eventually(lambda: "cdat_edge_subscribers 1.0" in one.get("/metrics", **bearer).text)
        one.output.write(verdict(1))
        assert json.loads(subscriber.recv(LIMIT_S))["seq"] == 1
    eventually(lambda: "cdat_edge_subscribers 0.0" in one.get("/metrics", **bearer).text)


def test_without_a_token_off_loopback_a_new_one_is_made(serve: Serve) -> None:
    tokens = {serve("0.0.0.0:0").output.token for _ in range(2)}
    assert len(tokens) == 2 and all(token and len(token) >= 32 for token in tokens)


def test_a_server_that_dies_is_started_again_and_loses_are_counted(serve: Serve) -> None:
    one = serve()
    one.output.write(verdict(0))
    eventually(lambda: one.get("/latest").status_code == 200)
    process = one.output._process
    assert process is not None
    process.kill()
    process.wait()
    seqs = iter(range(1, 10_000))

    def is_back() -> bool:
        one.output.write(verdict(next(seqs)))
        return one.output._process is not None

    eventually(is_back)
    eventually(lambda: one.get("/latest").status_code == 200)
    assert one.lost["the HTTP server is away"] == next(seqs) - 2
    assert one.notes == ["The HTTP server ended; it is started again in 0.5 s."]


def test_a_server_that_dies_again_and_again_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "IN_A_ROW", 1)
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 0.001)
    one = serve()
    for _ in range(2):
        eventually(lambda: _is_written(one))
        process = one.output._process
        assert process is not None
        process.kill()
        process.wait()
        one.output.write(verdict(1))
    assert one.notes[-1] == "The HTTP server ended; it is not started again."
    with pytest.raises(httpx.ConnectError):  # refused, rather than left waiting
        one.get("/latest")
    one.output.write(verdict(1))
    assert one.lost["the HTTP server is away"] >= 3


def _is_written(one: Served) -> bool:
    """Whether a process takes verdicts."""
    one.output.write(verdict(1))
    return one.output._process is not None


def test_a_server_that_hangs_delays_no_verdict_and_not_the_end() -> None:
    served = Served()
    apart = OutputThread("the HTTP output", lambda: served.output, waiting=4)
    served.get("/healthz")
    process = served.output._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        for seq in range(2000):  # more than its pipe takes
            apart.write(verdict(seq))
        apart.close()
        assert apart.lost > 1000
    finally:
        process.kill()  # the output may have ended it by now


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_sink, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"pip install 'cdat-edge\[outputs-http\]'"):
        Served()


def test_a_bad_address_names_its_key() -> None:
    with pytest.raises(ConfigError, match=r"^http\.address must be HOST:PORT"):
        Served("host:x")


def test_a_run_is_followed_from_another_process() -> None:
    command = [sys.executable, "-m", "edge", "demo", "--seconds", "600", "--http", "127.0.0.1:0"]
    command += ["--set", "asr.engine=none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        assert run.stdout is not None
        try:
            said = next(line for line in run.stdout if b"HTTP: " in line).decode()
            base = said.split()[1].removesuffix("/latest")
            with follow(base.replace("http", "ws") + "/verdicts") as socket:
                lines = [json.loads(socket.recv(LIMIT_S)) for _ in range(4)]
            run.send_signal(signal.SIGINT)
            rest = run.stdout.read().decode()
        finally:
            run.kill()
    assert run.returncode == 0, rest
    first = lines[0]["seq"]
    assert [line["seq"] for line in lines] == list(range(first, first + 4))
    jsonschema.validate(lines[0], verdict_schema())
