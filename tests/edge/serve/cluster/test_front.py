"""The front with a real server as its replica: what one session does to the others. No Ray."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import numpy as np
import pytest
from fixtures.served import Served, begin, hello, picture, rest, served, shared_models
from fixtures.waiting import LIMIT_S, eventually

from edge.config import load_config
from edge.runtime.shared_models import SharedModels
from edge.serve.cluster.front import Front, application
from edge.serve.cluster.places import Place, Places
from edge.serve.server import Server
from edge.types import NS_PER_MS
from edge.web.pieces import HEADER, PICTURE

PICTURES = 400
"""More than lie in the buffers between client and replica: some must wait."""


@pytest.fixture(scope="module")
def models() -> Iterator[SharedModels]:
    with shared_models() as opened:
        yield opened


@contextmanager
def fronted(places: Places) -> Iterator[Served]:
    front = Front(places, "", lambda: None)
    config = load_config(None, [], {"asr.engine": "none", "serve.address": "127.0.0.1:0"})
    with closing(Server(front, application(front), config, None)) as server:
        server.start()
        yield Served(server)


def test_a_fast_file_that_is_given_up_does_not_end_the_other_session(models: SharedModels) -> None:
    places = Places(2)
    with served(models) as replica, fronted(places) as service:
        places.add(Place(1, f"127.0.0.1:{replica.port}"))
        with service.connect() as fast, service.connect() as other:
            begin(other, hello("vision"))
            begin(fast, hello("vision", wait=True))
            jpeg = picture(0, np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8))[
                16:
            ]
            for ms in range(0, 40 * PICTURES, 40):
                fast.send(HEADER.pack(PICTURE, ms * NS_PER_MS) + jpeg)
            # A client that is gone, not one that says goodbye.
            fast.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            fast.socket.shutdown(socket.SHUT_RDWR)
            fast.socket.close()
            eventually(lambda: places.taken == 1)
            other.send(picture(0))
            other.send('{"finish": true}')
            _, code, _, sentence = rest(other)
        assert (code, sentence) == (1000, "The session has ended.")
        assert len(places.all) == 1 and service.metrics()["front_lost_total"] == 0


def test_a_replica_that_does_not_answer_is_passed_over_and_stays_the_keepers(
    models: SharedModels,
) -> None:
    places = Places(2)
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    places.add(silent := Place(1, address))
    with served(models) as replica, fronted(places) as service:
        with service.connect() as client:
            assert rest(client)[1:3] == (
                1013,
                "No replica of this server with room answers now: try again later.",
            )
        places.add(Place(2, f"127.0.0.1:{replica.port}"))
        with service.connect() as client:
            assert begin(client, hello("vision"))["ready"] == 1
        assert silent in places.all and silent.sessions == 0


def test_a_service_without_replicas_is_not_healthy() -> None:
    places = Places(1)
    with fronted(places) as service:
        answer = httpx.get(f"{service.url}/healthz", timeout=LIMIT_S)
        assert (answer.status_code, answer.json()["status"]) == (503, "no_replica")
        places.add(Place(1, "127.0.0.1:1"))
        answer = httpx.get(f"{service.url}/healthz", timeout=LIMIT_S)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        places.take(lambda: None)
        assert service.health()["status"] == "full"
