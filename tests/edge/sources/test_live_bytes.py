"""What HTTP serves that is no live stream is read as FFmpeg reads it; a live one is counted."""

from __future__ import annotations

import functools
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources import limits
from edge.sources.camera_url import url_frames

PICTURES = 100
LIMIT_BYTES = 150_000
"""FFmpeg reads a second before the first packet."""


def write_film(path: Path, container_format: str | None, codec: str, noise: int = 255) -> None:
    with av.open(str(path), "w", format=container_format) as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(PICTURES):
            values = np.random.default_rng(number).integers(0, noise, (120, 160, 3))
            picture = values.astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a folder of films. Below `live/` they come without a length."""
    folder = tmp_path_factory.mktemp("films")
    # Its index is at its end: so short that FFmpeg has it, as this server does not seek.
    write_film(folder / "film.mp4", None, "mpeg4", noise=1)
    write_film(folder / "film.ts", "mpegts", "mpeg2video")
    write_film(folder / "film.m3u8", "hls", "mpeg2video")

    class Server(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/live/"):
                return super().do_GET()
            self.send_response(200)
            self.end_headers()
            self.wfile.write((folder / self.path.removeprefix("/live/")).read_bytes())

        def log_message(self, *args: Any) -> None:
            """Keep standard error for tests."""

    handler = functools.partial(Server, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def pictures_of(url: str, drops: Counter[str]) -> int:
    """Used or not: what had waited is backlog."""
    used, stop = 0, threading.Event()
    with pytest.raises(DeviceError, match="was lost"):
        for _ in url_frames(url, MonotonicClock(), 5.0, stop, drops):
            used += 1
    return used + drops["backlog"]


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.m3u8", "live/film.ts"])
def test_files_playlists_and_live_films_are_read(served: str, name: str) -> None:
    drops: Counter[str] = Counter()
    # FFmpeg throws away what it probed (nobuffer).
    assert pictures_of(served + name, drops) > PICTURES // 4
    assert set(drops) <= {"backlog"}


def test_the_limit_is_of_one_packet_and_not_of_the_stream(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = urllib.request.urlopen(served + "film.ts").read()
    assert len(film) > 2 * LIMIT_BYTES
    expected = pictures_of(served + "live/film.ts", Counter())
    monkeypatch.setattr(limits, "MAX_BYTES", LIMIT_BYTES)
    assert expected > PICTURES // 4
    assert pictures_of(served + "live/film.ts", Counter()) == expected


def test_too_many_bytes_without_a_packet_are_an_error_and_counted(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 1_000)
    drops: Counter[str] = Counter()
    with pytest.raises(DeviceError, match="without an end"):
        list(url_frames(served + "live/film.ts", MonotonicClock(), 5.0, threading.Event(), drops))
    assert drops == {"oversized": 1}
