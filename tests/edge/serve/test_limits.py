"""Each limit of the server, and everything that is no protocol: refused with a sentence."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import cv2
import numpy as np
import pytest
from fixtures.served import (
    GREY,
    Served,
    begin,
    hello,
    picture,
    rest,
    served,
    shared_models,
    sound,
)
from fixtures.waiting import eventually
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from edge.runtime.shared_models import SharedModels
from edge.serve.inbox import SOUND_LIMIT_BYTES, Inbox
from edge.serve.limits import Rate
from edge.serve.messages import Piece
from edge.web.pieces import PICTURE, SOUND

GREEN_8K = np.zeros((4320, 7680, 3), np.uint8)


@pytest.fixture(scope="module")
def models() -> Iterator[SharedModels]:
    with shared_models() as loaded:
        yield loaded


@pytest.fixture(scope="module")
def house(models: SharedModels) -> Iterator[Served]:
    """One server for all: what one client does is no other's harm."""
    with served(models, "serve.idle_s=2") as one:
        yield one


def jpeg(bgr: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(".jpg", bgr, options)[1].tobytes()


def as_picture(data: bytes) -> bytes:
    return struct.pack("<B7xq", 1, 0) + data


def in_scans(data: bytes) -> bytes:
    """The same file, but its first scan claims to have one colour."""
    place = data.index(b"\xff\xda")
    return data[:place] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + data[place + 14 :]


def of_size(width: int, height: int) -> bytes:
    """A small file that claims to be of this size."""
    data = bytearray(jpeg(GREY))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


GARBAGE: dict[str, tuple[list[bytes | str], int, str]] = {
    "garbage": ([b"\x07" * 100], 1007, "begins with 1 for a picture or 2 for sound, not 7"),
    "an empty message": ([b""], 1007, "this had 0 bytes"),
    "a header alone": ([struct.pack("<B7xq", 1, 0)], 1007, "this had 16 bytes"),
    "text": (["hello"], 1003, "sent as bytes"),
    "a PNG file": ([as_picture(cv2.imencode(".png", GREY)[1].tobytes())], 1007, "is a JPEG file"),
    "half a header": ([as_picture(jpeg(GREY)[:100])], 1007, "a damaged JPEG file"),
    "8K": ([as_picture(of_size(7680, 4320))], 1009, "7680x4320 pixels"),
    "the largest size there is": ([as_picture(of_size(65535, 65535))], 1009, "65535x65535"),
    "a line": ([as_picture(jpeg(GREY[:4]))], 1007, "too small"),
    "a progressive file": (
        [as_picture(jpeg(GREY, cv2.IMWRITE_JPEG_PROGRESSIVE, 1))],
        1007,
        "send a baseline one",
    ),
    "several scans": ([as_picture(in_scans(jpeg(GREY)))], 1007, "a damaged JPEG file"),
    "a large message": ([as_picture(jpeg(GREY) + bytes(1_100_000))], 1009, "takes 1000000 at most"),
    "pictures that go back": ([picture(1000), picture(500)], 1007, "in the order"),
    "sound that goes back": ([sound(1000), sound(500)], 1007, "in the order"),
    "two clocks": ([picture(0), sound(10**6)], 1007, "use one clock"),
    "a time beyond 127 years": ([picture(9 * 10**12)], 1007, "nanoseconds between"),
    "long sound": ([sound(0, 1100)], 1009, "lasts 1 s at most; this lasted 1.1 s"),
    "half a sample": ([sound(0) + b"\x00"], 1007, "two bytes a sample"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_ends_its_own_session_with_a_sentence(house: Served, name: str) -> None:
    messages, code, part = GARBAGE[name]
    with house.connect() as other, house.connect() as client:
        begin(other, hello("vision", wait=True))
        begin(client, hello(wait=True))
        for message in messages:
            client.send(message)
        _, found, reason, sentence = rest(client)
        assert found == code and part in sentence, sentence
        assert sentence.startswith(reason) and "\n" not in sentence and len(reason) > 20
        other.send(picture(0))  # the others go on
        other.send(picture(300))
        other.send('{"finish": true}')
        verdicts, found, _, _ = rest(other)
        assert verdicts and found == 1000


HELLOS: dict[str, tuple[str | bytes, int, str]] = {
    "bytes": (b"hello", 1003, "this was bytes"),
    "no JSON": ("hello", 1007, "this was no JSON"),
    "nested without end": ("[" * 1000, 1007, "this was no JSON"),
    "long": (" " * 2000, 1009, "2000 characters"),
    "a number": ("1", 1007, "Begin with"),
    "another protocol": ('{"protocol": 2, "streams": ["vision"]}', 1007, "protocol"),
    "no stream": ('{"protocol": 1, "streams": []}', 1007, "streams"),
    "an unknown stream": ('{"protocol": 1, "streams": ["smell"]}', 1007, "streams.0"),
    "a stream twice": ('{"protocol": 1, "streams": ["vision", "vision"]}', 1007, "once"),
    "an unknown key": ('{"protocol": 1, "streams": ["vision"], "x": 1}', 1007, "x"),
    "a rate": ('{"protocol": 1, "streams": ["audio"], "rate_hz": 1}', 1007, "rate_hz"),
}


@pytest.mark.parametrize("name", HELLOS)
def test_a_bad_hello_is_refused(house: Served, name: str) -> None:
    first, code, part = HELLOS[name]
    with house.connect() as client:
        client.send(first)
        _, found, _, sentence = rest(client)
    assert found == code and part in sentence, sentence


def test_a_stream_that_was_not_announced_is_refused(house: Served) -> None:
    with house.connect() as client:
        begin(client, hello("audio"))
        client.send(picture(0))
        assert rest(client)[1:] == (
            1007,
            "A picture came, but vision was not announced.",
            "A picture came, but vision was not announced.",
        )


@pytest.fixture
def small(models: SharedModels) -> Iterator[Callable[[str], Served]]:
    opened = []

    def open_server(*settings: str) -> Served:
        server = served(models, *settings)
        opened.append(server)
        return server.__enter__()

    yield open_server
    for server in opened:
        server.__exit__(None, None, None)


def test_one_session_more_is_refused_until_another_ends(small: Callable[[str], Served]) -> None:
    house = small("serve.sessions_max=1")
    with house.connect() as client:
        begin(client, hello())
        assert house.health()["status"] == "full"
        with house.connect() as second:
            assert rest(second)[1:3] == (
                1013,
                "This server has 1 sessions, as many as it takes: try again later.",
            )
    eventually(lambda: house.health()["status"] == "ok")
    assert house.metrics()["refused_total no room"] == 1
    with house.connect() as third:
        begin(third, hello())


def sends_until_closed(client: ClientConnection, message: Callable[[int], bytes]) -> None:
    def send() -> None:
        with suppress(ConnectionClosed):
            for k in range(10_000):
                client.send(message(k))

    threading.Thread(target=send, daemon=True).start()


def test_too_many_messages_are_refused_and_a_file_waits(small: Callable[[str], Served]) -> None:
    house = small("serve.messages_per_s=2")
    with house.connect() as client:
        begin(client, hello("vision"))
        sends_until_closed(client, lambda k: picture(k * 40))
        _, code, _, sentence = rest(client)
    assert code == 1008 and sentence.startswith("More than 2 messages a second came for 10 s")
    with house.connect() as client:
        begin(client, hello("vision", wait=True))
        for k in range(21):
            client.send(picture(k * 40))
        client.send('{"finish": true}')
        assert rest(client)[1] == 1000


def test_a_session_ends_after_its_time(small: Callable[[str], Served]) -> None:
    house = small("serve.session_max_s=0.3")
    with house.connect() as client:
        begin(client, hello())
        _, code, _, sentence = rest(client)
    assert code == 1008 and "lasts 0.3 s at most" in sentence


@pytest.mark.parametrize(("sent", "missing"), [(sound, "picture"), (picture, "sound")])
def test_a_client_that_sends_no_picture_or_no_sound_is_told_so(
    small: Callable[[str], Served], sent: Callable[[int], bytes], missing: str
) -> None:
    house = small("serve.idle_s=0.4")
    with house.connect() as client:
        begin(client, hello())
        with suppress(ConnectionClosed):
            for k in range(12):
                client.send(sent(k * 50))
                time.sleep(0.05)
        _, code, _, sentence = rest(client)
    assert code == 1008 and sentence.startswith(f"No {missing} came for 0.4 s")


def test_a_client_that_says_no_hello_is_told_so(small: Callable[[str], Served]) -> None:
    with small("serve.idle_s=0.3").connect() as client:
        assert rest(client)[1:3] == (1008, "No hello came for 0.3 s.")


def test_a_server_that_is_too_slow_skips_pictures_but_no_sound_and_says_so(house: Served) -> None:
    large = picture(0, np.full((1080, 1920, 3), 100, np.uint8))[16:]
    with house.connect() as client:
        begin(client, hello())
        for k in range(30):
            client.send(struct.pack("<B7xq", 1, k * 40_000_000) + large)
            client.send(sound(k * 40))
        client.send('{"finish": true}')
        messages, code, _, _ = rest(client)
    assert code == 1000
    dropped = messages[-1]["dropped"]
    assert dropped["vision"] > 0 and dropped["audio"] == dropped["verdicts"] == 0
    assert messages[-1]["verdict"]["span_ns"][1] == 1_200_000_000


def piece(kind: int, size: int = 10) -> Piece:
    return Piece(kind, 0, memoryview(bytes(size)))


def test_the_newest_picture_wins_and_sound_stays_in_order() -> None:
    inbox = Inbox(live=True)
    pieces = [piece(kind) for kind in (PICTURE, SOUND, PICTURE, SOUND)]
    assert [inbox.put(one) for one in pieces] == [0, 0, 1, 0]
    inbox.finish()
    assert [inbox.get() for _ in range(4)] == [*pieces[1:], None]
    assert inbox.dropped == {"vision": 1, "audio": 0}


def test_sound_is_dropped_only_after_ten_seconds_and_counted() -> None:
    inbox = Inbox(live=True)
    half = SOUND_LIMIT_BYTES // 2
    assert [inbox.put(piece(SOUND, half)) for _ in range(3)] == [0, 0, 1]
    assert inbox.dropped == {"vision": 0, "audio": 1}


def test_a_pause_of_the_network_is_no_flood() -> None:
    rate = Rate(10, 0.0)
    assert all(rate.take(8.0) == 0 for _ in range(80))
    assert [rate.take(8.0) for _ in range(21)][-1] == pytest.approx(0.1)
    assert rate.take(9.0) == 0
