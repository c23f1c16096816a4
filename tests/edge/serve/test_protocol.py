"""A served session: what a client gets for its pictures and its sound."""

from __future__ import annotations

import json
import os
import signal
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest
from fixtures.certificates import Authority
from fixtures.served import (
    Served,
    begin,
    hello,
    picture,
    rest,
    served,
    server_of,
    shared_models,
    sound,
)
from fixtures.waiting import LIMIT_S, eventually, runs_module
from websockets.sync.client import connect

import edge
from edge.config import load_config
from edge.runtime.shared_models import SharedModels
from edge.web.pieces import HEADER, PICTURE
from edge.web.tls import checked_tls

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def models() -> Iterator[SharedModels]:
    with shared_models() as loaded:
        yield loaded


@pytest.fixture
def house(models: SharedModels) -> Iterator[Served]:
    with served(models) as one:
        yield one


def example() -> Any:
    spec = spec_from_file_location("serve_client", ROOT / "examples" / "serve_client.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_and_sound_become_verdicts_of_the_schema(house: Served) -> None:
    with house.connect() as client:
        ready = begin(client, hello())
        assert ready["streams"] == ["audio", "vision"] and ready["words"] is False
        assert ready["limits"]["sessions_max"] == 8 and "token" not in ready["limits"]
        for k in range(20):
            client.send(picture(k * 40))
            client.send(sound(k * 40))
        client.send('{"finish": true}')
        messages, code, reason, sentence = rest(client)
    assert (code, reason, sentence) == (1000, "The session has ended.", "The session has ended.")
    schema = edge.verdict_schema()
    for message in messages:
        jsonschema.validate(message["verdict"], schema)
        assert message["dropped"]["audio"] == 0 and message["notes"] == []
    assert [message["verdict"]["span_ns"][1] for message in messages] == [
        250_000_000,
        500_000_000,
        750_000_000,
    ]
    assert messages[-1]["verdict"]["streams"]["vision"]["state"] == "dropped"


def test_a_served_clip_has_the_verdicts_of_the_same_clip_pushed_here(
    house: Served, data_dir: Path
) -> None:
    file = str(sorted((data_dir / "av_clips").glob("grid_*.mpg"))[0])
    pieces = list(example().pieces(file))
    here = []
    with edge.Session(asr="none") as session:
        for piece in pieces:
            kind, t_ns = HEADER.unpack_from(piece)
            data = piece[HEADER.size :]
            if kind == PICTURE:
                bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
                assert bgr is not None
                here += session.push_frame(bgr, t_ns)
            else:
                here += session.push_samples(np.frombuffer(data, np.int16), t_ns)
        here += session.finish()
    with house.connect() as client:
        begin(client, hello(wait=True))
        for piece in pieces:
            client.send(piece)
        client.send('{"finish": true}')
        messages, code, _, _ = rest(client)
    assert code == 1000
    assert len(messages) == len(here) == 12
    for message, expected in zip(messages, here, strict=True):
        found = message["verdict"]
        assert found["label"] == expected.label and found["mask"] == list(expected.mask)
        assert found["scores"] == pytest.approx(expected.scores, abs=1e-4)
        assert found["confidence"] == pytest.approx(expected.confidence, abs=1e-4)
        assert not any(message["dropped"].values())
    assert any(message["verdict"]["label"] for message in messages)


def test_sound_alone_of_another_rate(house: Served) -> None:
    with house.connect() as client:
        assert begin(client, hello("audio", rate_hz=48_000))["streams"] == ["audio"]
        for k in range(10):
            samples = np.zeros(4800, "<i2")
            client.send(HEADER.pack(2, k * 100_000_000) + samples.tobytes())
        client.send('{"finish": true}')
        messages, code, _, _ = rest(client)
    assert code == 1000 and len(messages) == 4
    assert messages[0]["verdict"]["streams"]["vision"]["state"] == "absent"


def test_two_sessions_at_once_have_windows_of_their_own(house: Served) -> None:
    with house.connect() as one, house.connect() as other:
        begin(one, hello("vision", wait=True))
        begin(other, hello("vision", wait=True))
        assert house.health() == {"status": "ok", "sessions": 2, "sessions_max": 8}
        for k in range(10):
            one.send(picture(k * 40))
            other.send(picture(1_000_000 + k * 40))
        for client in (one, other):
            client.send('{"finish": true}')
        spans = [rest(client)[0][0]["verdict"]["span_ns"][0] for client in (one, other)]
    assert spans == [0, 1_000_000_000_000]
    eventually(lambda: house.health()["sessions"] == 0)


def test_a_client_that_leaves_frees_its_session_and_is_counted(house: Served) -> None:
    with house.connect() as client:
        begin(client, hello("vision", wait=True))
        client.send(picture(0))
        client.send(picture(300))
        assert "verdict" in json.loads(client.recv(30))
    eventually(lambda: house.health()["sessions"] == 0)
    told = house.metrics()
    assert told["begun_total"] == 1 and told["verdicts_total"] == 1 and told["sessions"] == 0
    assert not [name for name in told if name.startswith("refused")]


def own_recogniser() -> int | None:
    """The process of speech-to-text that this process has started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, parent = int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and runs_module(pid, "edge.asr.child"):
                return pid
    return None


def test_speech_to_text_that_dies_is_told_and_started_again(models: SharedModels) -> None:
    with served(models, asr="pocketsphinx") as house, house.connect() as client:
        assert begin(client, hello("audio", wait=True))["words"] is True
        first = own_recogniser()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        for k in range(15):  # it is started again after 0.1 s
            client.send(sound(k * 100, 100))
            time.sleep(0.02)
        client.send('{"finish": true}')
        messages, code, _, _ = rest(client)
    assert code == 1000
    assert messages[-1]["notes"] == [
        "Speech-to-text failed and is restarted: The process of speech-to-text has ended."
    ]
    links = [message["verdict"]["streams"]["text"]["reason"] for message in messages]
    assert "disconnected" in links and links[-1] != "disconnected"
    eventually(lambda: own_recogniser() is None)


def test_over_tls_a_client_that_trusts_is_served(models: SharedModels, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.pair()
    tls = checked_tls(str(pair.certificate), str(pair.key))
    config = load_config(None, ["serve.address=127.0.0.1:0"], {"asr.engine": "none"})
    with closing(server_of(models, config, tls)) as server:
        server.start()
        assert server.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(authority.file))
        url = f"wss://{server.address}/session"
        with connect(url, ssl=trusting, open_timeout=LIMIT_S) as client:
            assert begin(client, hello("vision"))["ready"] == 1


def test_the_server_ends_its_sessions_with_a_sentence(models: SharedModels) -> None:
    with served(models) as house, house.connect() as client, house.connect() as without_hello:
        begin(client, hello())
        house.server.stop()
        for one in (client, without_hello):
            assert rest(one)[1:3] == (1001, "The server stops: the session has ended.")
        house.server.wait()
