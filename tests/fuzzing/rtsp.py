"""An RTSP camera on this machine whose sessions are damaged, opened by the camera source."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from pathlib import Path

import numpy as np

from edge.clock import MonotonicClock
from edge.errors import EdgeError
from edge.sources.camera import Camera
from edge.types import Frame
from fuzzing.rtsp_damage import damaged
from fuzzing.rtsp_session import CODECS, Session, session

REQUEST = re.compile(rb"([A-Z_]+) [^\r\n]* RTSP/1\.0\r\n.*?\r\n\r\n", re.DOTALL)
PATIENCE_S = 1.0
"""Of the camera source. Silence costs as much."""
ENDS_S = 10.0
"""A thread of the source that lives longer than this after its end hangs in FFmpeg."""


class RtspServer:
    """Says the same to every client; FFmpeg may come more than once. A context manager."""

    def __init__(self, told: Session) -> None:
        self._told = told
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/live"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RtspServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname(), 1).close()
        self._thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            client, _ = self._listener.accept()
            with contextlib.suppress(OSError), client:
                client.settimeout(0.1)
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        heard = b""
        silent = False
        while not self._over.is_set():
            try:
                arrived = client.recv(65_536)
            except TimeoutError:
                continue
            if not arrived:
                return
            heard += arrived
            # Between the requests there are reports of the client.
            while not silent and (asked := REQUEST.search(heard)) is not None:
                heard = heard[asked.end() :]
                method = asked[1].decode()
                answer = self._told.answers.get(method)
                if answer is None:
                    silent = True
                    break
                client.sendall(answer)
                if method == "PLAY":
                    for message in self._told.stream:
                        client.sendall(message)
                        time.sleep(0.004)  # what comes at once is older than its stamp: not used
                    if self._told.end == "close":
                        return
                    silent = True


class Rtsp:
    """Sessions of each codec."""

    def __init__(self, folder: Path) -> None:
        self._whole = [session(encoder) for encoder in CODECS]
        self._path = folder / "session.json"

    def write(self, rng: np.random.Generator) -> Path:
        whole = self._whole[int(rng.integers(len(self._whole)))]
        self._path.write_text(damaged(whole, rng).to_json(), "utf-8")
        return self._path

    def open(self, path: Path, rng: np.random.Generator) -> None:
        take(Session.from_json(path.read_text("utf-8")))


def take(told: Session, patience_s: float = PATIENCE_S) -> int:
    """The pictures that the camera source takes of a session.

    Raises:
        EdgeError: A stream that ends is always told as lost: what counts is the sentence.
    """
    pictures = 0
    with RtspServer(told) as server:
        camera = Camera(server.url, MonotonicClock(), open_timeout_s=patience_s)
        try:
            camera.open()
            for frame in camera.packets():
                assert isinstance(frame, Frame) and frame.bgr.ndim == 3
                pictures += 1
        except EdgeError as error:
            assert "\n" not in str(error), error
            if not pictures:
                raise
        finally:
            camera.close()
            thread = camera._thread
            assert thread is not None
            thread.join(ENDS_S)
            assert not thread.is_alive(), "the camera's thread does not end"
    return pictures
