"""Media of every container, and the stream of a network camera, made by code and damaged."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from fixtures.media import write_clip
from fixtures.timecode import picture_of

from edge.clock import HandClock, MonotonicClock
from edge.config import load_config
from edge.errors import EdgeError
from edge.runtime.run import Run
from edge.sources.camera_url import url_frames
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Frame
from fuzzing.mutation import mutate

CODECS = {
    "mpg": ("mpeg1video", "mp2"),
    "ts": ("mpeg2video", "aac"),
    "flv": ("flv", "mp3"),
    "wav": ("", "pcm_s16le"),
    "mp4": ("libx264", "aac"),
    "mkv": ("mjpeg", "flac"),
    "avi": ("mpeg4", "mp2"),
    "webm": ("libvpx", "libopus"),
}
SECONDS = 1.0
MAX_SPAN_S = 600.0
"""A second of media is never so long, whatever its time stamps say."""
RUNS = 0.05
"""Part of the inputs that go through a whole run, which takes 20 times as long."""


class Media:
    """A second of pictures and tone in one container."""

    def __init__(self, ending: str, folder: Path) -> None:
        codecs = CODECS[ending]
        path = folder / f"whole.{ending}"
        write_clip(path, SECONDS, fps=25 if codecs[0] else None, codecs=codecs)
        self._whole = path.read_bytes()
        self._path = folder / f"damaged.{ending}"

    def write(self, rng: np.random.Generator) -> Path:
        self._path.write_bytes(mutate(self._whole, rng))
        return self._path

    def open(self, path: Path, rng: np.random.Generator) -> None:
        if rng.random() < RUNS:
            options = {"source.file": str(path), "asr.engine": "none"}
            with Run(load_config(None, [], options)) as run:
                for _ in run.verdicts():
                    pass
            return
        source = MediaFile(path, HandClock())
        source.open()
        times_ns = [packet.t_ns for packet in source.packets()]
        for note in (*source.report().notes, source.report().torn or ""):
            assert "\n" not in note, note
        if times_ns:
            assert max(times_ns) - min(times_ns) < MAX_SPAN_S * NS_PER_S, "hours of time"


class Mjpeg:
    """Twelve pictures of a network camera, sent with all that comes before them, then the end."""

    def __init__(self, folder: Path) -> None:
        parts = [
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        ]
        for number in range(12):
            jpeg = cv2.imencode(".jpg", picture_of(number, 384, 96))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            parts.append(head.encode() + jpeg + b"\r\n")
        self._whole = b"".join(parts)
        self._path = folder / "stream.bin"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/video.mjpg"

    def write(self, rng: np.random.Generator) -> Path:
        self._path.write_bytes(mutate(self._whole, rng))
        return self._path

    def open(self, path: Path, rng: np.random.Generator) -> None:
        over = threading.Event()
        server = threading.Thread(target=self._serve, args=(path.read_bytes(), over), daemon=True)
        server.start()
        drops: Counter[str] = Counter()
        try:
            for frame in url_frames(self.url, MonotonicClock(), 2.0, threading.Event(), drops):
                assert isinstance(frame, Frame) and frame.bgr.ndim == 3
        except EdgeError as error:
            # A stream that ends is always told as lost: what counts is the sentence.
            assert "\n" not in str(error), error
            raise
        finally:
            over.set()
            with contextlib.suppress(OSError):
                socket.create_connection(self._listener.getsockname(), 1).close()
            server.join(10)

    def _serve(self, stream: bytes, over: threading.Event) -> None:
        """To every client the same; FFmpeg may come more than once."""
        while True:
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                with client:
                    if over.is_set():
                        return
                    client.settimeout(5)
                    client.recv(65536)
                    for part in re.split(rb"(?=--frame)", stream):
                        client.sendall(part)
                        time.sleep(0.004)  # what comes at once is older than its stamp: not used
