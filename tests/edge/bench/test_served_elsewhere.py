"""The load of `cdat-edge bench-serve` against servers that are overloaded or something else."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fixtures.waiting import LIMIT_S
from websockets.sync.server import ServerConnection, serve

from edge.bench.served import WARM_UP_S, measure_served
from edge.errors import SourceError
from edge.types import NS_PER_MS, NS_PER_S
from edge.web.pieces import HEADER

FOREIGN = "gave a verdict: It is no `cdat-edge serve`"
READY = '{"ready": 1, "streams": ["vision", "audio"], "words": false, "limits": {}}'


@contextmanager
def server(attend: Callable[[ServerConnection], None]) -> Iterator[str]:
    """Takes so little ahead that a server that does not read is soon noticed."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with serve(attend, sock=listening, compression=None, close_timeout=1) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}/session"
        finally:
            one.shutdown()
            thread.join(LIMIT_S)


def verdict(window_end_ns: int) -> str:
    told = {"verdict": {"span_ns": [window_end_ns - NS_PER_S, window_end_ns]}}
    return json.dumps({**told, "dropped": {"vision": 0, "audio": 0}, "notes": []})


@pytest.mark.parametrize("line", ["5", "[]", "no JSON", "{}", '{"end": 5}', b"\xff"])
def test_a_server_that_answers_something_else_is_told(line: str | bytes) -> None:
    with server(lambda client: client.send(line)) as url, pytest.raises(SourceError, match=FOREIGN):
        measure_served(url, None, [1], 2, print)


@pytest.mark.parametrize(
    "line",
    [
        "5",
        '{"verdict": 5, "dropped": {}}',
        '{"verdict": {"span_ns": [0, 1]}}',
        '{"verdict": {"span_ns": [0]}, "dropped": {}}',
        '{"verdict": {"span_ns": [0, 1]}, "dropped": {"vision": "many"}}',
    ],
)
def test_a_verdict_that_is_none_ends_the_session(line: str) -> None:
    def attend(client: ServerConnection) -> None:
        client.send(READY)
        client.send(line)

    with server(attend) as url, pytest.raises(SourceError, match=FOREIGN):
        measure_served(url, None, [1], 2, print)


def test_a_server_that_goes_without_a_word_is_told() -> None:
    gone = "It closed the connection without a reason"
    with server(lambda client: client.send(READY)) as url, pytest.raises(SourceError, match=gone):
        measure_served(url, None, [1], 2, print)


@pytest.mark.slow
def test_a_verdict_of_the_warm_up_that_comes_late_does_not_count() -> None:
    def attend(client: ServerConnection) -> None:
        client.send(READY)
        times_ns: list[int] = []
        for message in client:
            if isinstance(message, bytes):
                times_ns.append(HEADER.unpack_from(message)[1])
                if times_ns[-1] > times_ns[0] + (WARM_UP_S + 0.5) * NS_PER_S:
                    break
        for end_ns in (times_ns[0] + NS_PER_S, times_ns[-1] - 100 * NS_PER_MS):
            client.send(verdict(end_ns))
        for _ in client:
            pass

    with server(attend) as url:
        (row,) = measure_served(url, None, [1], 4, print)
    assert row["answered"] == 1 and not row["ended"]
    assert 0 < row["verdicts_per_s"] <= 1 / 4
    assert row["not_sent"] == 0


@pytest.mark.slow
def test_a_server_that_reads_too_slowly_does_not_make_the_measurement_longer() -> None:
    over = threading.Event()

    def attend(client: ServerConnection) -> None:
        client.send(READY)
        over.wait(LIMIT_S)

    with server(attend) as url:
        begin_s = time.monotonic()
        (row,) = measure_served(url, None, [1], 3, print)
        took_s = time.monotonic() - begin_s
        over.set()
    assert row["not_sent"] > 20
    assert row["sent_mb_per_s"] < 1.5  # of 1.6
    assert took_s < LIMIT_S - 10  # it would wait for as long as the server does
    assert row["answered"] == 0 and row["verdicts_per_s"] == 0
