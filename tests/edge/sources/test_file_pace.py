"""A media file at the pace of a clock, and closed at any time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from fixtures.media import write_clip
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.clock import HandClock, MonotonicClock
from edge.errors import ConfigError, SourceError
from edge.sources.damage import Damage
from edge.sources.decode import _decoded
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Chunk, Packet


def test_live_pace_takes_the_recorded_time(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 0.6), MonotonicClock(), pace="live")
    source.open()
    start_ns = time.monotonic_ns()
    for packet in source.packets():
        now_ns = time.monotonic_ns()
        due_ns = packet.end_ns if isinstance(packet, Chunk) else packet.t_ns
        assert packet.t_ns >= start_ns
        assert 0 <= now_ns - due_ns < 100_000_000
    assert time.monotonic_ns() - start_ns > 0.55 * NS_PER_S


def test_live_pace_waits_on_the_injected_clock_alone(tmp_path: Path) -> None:
    clock = HandClock(5 * NS_PER_S)
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 20), clock, pace="live")
    source.open()
    start = time.monotonic()
    packets = list(source.packets())
    assert time.monotonic() - start < 10
    assert packets[0].t_ns == 5 * NS_PER_S
    assert clock.now_ns() == pytest.approx(25 * NS_PER_S, abs=0.1 * NS_PER_S)


def test_closing_ends_a_live_file_at_once(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 20), MonotonicClock(), pace="live")
    source.open()
    taken: list[Packet] = []
    reader = threading.Thread(target=lambda: taken.extend(source.packets()))
    reader.start()
    eventually(lambda: taken)
    with Stopwatch() as watch:
        source.close()
        source.close()
        reader.join(LIMIT_S)
        assert not reader.is_alive() and watch.seconds < 0.5
    assert len(taken) < 100


def test_closing_before_reading_leaves_nothing_to_read(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 1), HandClock())
    source.open()
    source.close()
    assert list(source.packets()) == []


def test_closing_while_a_file_is_opened_waits_for_its_decoder(tmp_path: Path) -> None:
    """A closed container under a running decoder is a crash of the whole process, so the film is
    opened in one of its own; nothing of it counts as decoded, so that opening takes long."""
    path = write_clip(tmp_path / "long.mkv", 60, sound=None)
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_CLOSE, str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["closed"] * 5


OPEN_AND_CLOSE = """
import sys, threading, time
from edge.clock import HandClock
from edge.errors import SourceError
from edge.sources import decode
from edge.sources.file import MediaFile

path = sys.argv[1]
began = threading.Event()
decoded = decode._decoded

def all_rotten(*given):
    for _ in decoded(*given):
        began.set()
    yield from ()

decode._decoded = all_rotten
for delay_s in (0, 0.001, 0.003, 0.01, 0.03):
    began.clear()
    film = MediaFile(path, HandClock(), wanted=frozenset({"vision"}))
    errors = []
    def opening():
        try:
            film.open()
        except SourceError as error:
            errors.append(str(error))
    opener = threading.Thread(target=opening)
    opener.start()
    began.wait(5)
    time.sleep(delay_s)
    film.close()
    opener.join(5)
    assert not opener.is_alive()
    assert list(film.packets()) == []
    assert errors and "was closed before" in errors[0], errors
    print("closed")
"""


def test_closing_ends_a_file_that_decodes_nothing_more() -> None:
    class Rotten:
        size, pts, dts = 0, None, None
        stream = SimpleNamespace(codec_context=SimpleNamespace(name="mpeg4"))

        def decode(self) -> list[av.VideoFrame]:
            time.sleep(0.001)
            raise av.InvalidDataError(1, "rotten")

    stop, damage = threading.Event(), Damage()
    rest = _decoded(iter(Rotten, None), damage, stop)
    reader = threading.Thread(target=lambda: list(rest))
    reader.start()
    eventually(lambda: damage.pieces > 2)
    with Stopwatch() as watch:
        stop.set()
        reader.join(LIMIT_S)
        assert not reader.is_alive() and watch.seconds < 0.5


def test_reading_without_opening_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="opened"):
        next(MediaFile(tmp_path / "clip.mp4", HandClock()).packets())


def test_an_unknown_pace_is_refused() -> None:
    with pytest.raises(ConfigError, match="'live' or 'fast'"):
        MediaFile("a.mp4", HandClock(), pace="slow")  # type: ignore[arg-type]
