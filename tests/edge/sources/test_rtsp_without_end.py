"""An RTSP camera whose answers have no end is given up in time."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from fixtures.waiting import Stopwatch, eventually

from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources.camera import Camera

PATIENCE_S = 0.3


class Endless:
    """Answers each request with `first`, and then with `again` for as long as somebody listens.

    SELF in an answer is the server's own address.
    """

    def __init__(self, first: bytes, again: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        place = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/live"
        self.url = place
        self._first, self._again = (one.replace(b"SELF", place.encode()) for one in (first, again))
        self.came = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.came += 1
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            while client.recv(65_536):
                client.sendall(self._first)
                while self._again:
                    client.sendall(self._again)


HUGE = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"  # the answer to the first request
    b"Content-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\n"
)
OPENED = """
import resource
from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources.camera import Camera
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Camera({url!r}, MonotonicClock(), open_timeout_s=20).open()
except DeviceError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture
def endless(request: pytest.FixtureRequest) -> Iterator[Endless]:
    server = Endless(*request.param)
    yield server
    server.close()


@pytest.mark.parametrize(
    "endless",
    [
        (b"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: SELF\r\n\r\n", b""),
        (b"RTSP/1.0 200 OK\r\n", b"Header: value\r\n" * 100),
        (b"RTSP/1.0 200 OK\r\n", b"x" * 1000),
        (b"", b"$\0\xff\xff" + bytes(65_535)),
    ],
    ids=["it redirects to itself", "headers", "a line", "packets before an answer"],
    indirect=True,
)
def test_a_camera_whose_answer_has_no_end_is_given_up(endless: Endless) -> None:
    camera = Camera(endless.url, MonotonicClock(), open_timeout_s=PATIENCE_S)
    with Stopwatch() as watch, pytest.raises(DeviceError, match=rf"within {PATIENCE_S:g} s"):
        camera.open()
    assert watch.seconds < 3 and endless.came > 0
    thread = camera._thread
    assert thread is not None
    eventually(lambda: not thread.is_alive(), 10)


@pytest.mark.parametrize("endless", [(HUGE, b"v=0\r\n" * 20_000)], indirect=True)
def test_an_answer_of_gigabytes_takes_no_memory(endless: Endless) -> None:
    # In a process of its own: it tells its largest memory.
    command = [sys.executable, "-c", OPENED.format(url=endless.url)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said, more_kib = done.stdout.splitlines()
    assert said.startswith(f"Camera {endless.url}") and "Traceback" not in done.stderr
    assert int(more_kib) < 64 * 1024
