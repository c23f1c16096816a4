"""The load of a benchmark: the demo's portrait and voice without faults, or a looped file."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from edge.bench.process import bystander
from edge.clock import Clock
from edge.demo.script import FPS, HEIGHT, WIDTH, Phase, Script
from edge.errors import MediaError
from edge.runtime.feed import Feed
from edge.sources.base import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Source, SourceReport
from edge.sources.chunking import ns_to_samples
from edge.sources.file import MediaFile
from edge.sources.pacing import paced
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, Frame, Packet

PICTURES = 50
"""Drawn in advance (44 MiB) and shown back and forth, because drawing costs more than detection."""
JOIN_NS = NS_PER_S // 10
"""Sound that ends at most this much before the video is joined to the next pass without a gap."""
BUSY = "while True: pass"
PORTRAIT = f"portrait that speaks, {WIDTH}x{HEIGHT} at {FPS} Hz, 16 kHz"

Streams = frozenset[str]
BOTH: Streams = frozenset({"audio", "vision"})
SourceOf = Callable[[Clock, Streams], Source]
"""Creates a live source that delivers some of the streams."""


@dataclass(frozen=True)
class Load:
    """A load that can be played repeatedly."""

    name: str
    source: SourceOf
    clip: Callable[[Path], Path]
    """A file of the load for offline runs; it is written into the given folder if necessary."""

    def feeds(self, streams: Streams = BOTH) -> Callable[[Clock], list[Feed]]:
        """The load for `edge.runtime.run.Run`. Packets are dropped like a device's."""
        return lambda clock: [Feed(self.source(clock, streams), streams, lossless=False)]


def standard_load(seconds: float, stream: str | None = None, fault: str | None = None) -> Load:
    """The portrait that speaks, for `seconds`, with `fault` of `edge.faults` on `stream`."""
    script = Script(seconds, phases=(Phase("all well", 1.0, stream, fault),))
    loop = pictures_of(script)

    def frame(index: int) -> NDArray[np.uint8]:
        return loop[index % len(loop)]

    def source(clock: Clock, streams: Streams) -> Source:
        return ScriptedSource(
            frame if "vision" in streams else None,
            script.samples if "audio" in streams else None,
            FPS,
            seconds,
            clock,
            pace="live",
            name="standard load",
        )

    def clip(folder: Path) -> Path:
        return _write_clip(folder / "standard.mp4", seconds, frame, script)

    return Load(PORTRAIT, source, clip)


def pictures_of(script: Script) -> list[NDArray[np.uint8]]:
    """Pictures to be shown again and again, BGR (480, 640, 3) each."""
    there = [script.frame(index) for index in range(PICTURES)]
    return there + there[-2:0:-1]


def file_load(path: Path, seconds: float) -> Load:
    """A media file, looped for `seconds` in real time."""
    return Load(
        path.name, lambda clock, streams: LoopedFile(path, clock, seconds, streams), lambda _: path
    )


class LoopedFile:
    """A media file, repeated as one live source. Each pass decodes it again. See `Source`."""

    def __init__(self, path: Path, clock: Clock, seconds: float, wanted: Streams = BOTH) -> None:
        self.name = path.name
        self.streams: Streams = frozenset()
        self._report = SourceReport()
        self._path, self._clock, self._wanted = path, clock, wanted
        self._limit_ns = round(seconds * NS_PER_S)
        self._stop = threading.Event()

    def open(self) -> None:
        """Open the file once. Errors and notes are those of `MediaFile`."""
        media = MediaFile(self._path, self._clock, wanted=self._wanted)
        media.open()
        self.streams, self._report = media.streams, media.report()
        media.close()

    def packets(self) -> Iterator[Packet]:
        """Yield frames and chunks in real time."""
        start_ns = self._clock.now_ns()
        yield from paced([self._passes()], self._clock, "live", start_ns, self._stop)

    def close(self) -> None:
        self._stop.set()

    def report(self) -> SourceReport:
        """The streams that the file lacks."""
        return self._report

    def _passes(self) -> Iterator[Packet]:
        begin_ns = end_ns = heard_ns = index = samples = 0
        while True:
            media = MediaFile(self._path, self._clock, wanted=self._wanted)
            media.open()
            for packet in media.packets():
                packet = replace(packet, t_ns=packet.t_ns + begin_ns)
                if packet.t_ns >= self._limit_ns:
                    media.close()
                    return
                if isinstance(packet, Frame):
                    packet, index = replace(packet, index=index), index + 1
                    end_ns = max(end_ns, packet.t_ns + NS_PER_S // FPS)
                else:
                    # Passes are joined: a gap at each would restart the front ends.
                    hole = packet.t_ns - heard_ns > JOIN_NS
                    samples += ns_to_samples(packet.t_ns - heard_ns) if hole else 0
                    gap = packet.gap or ("loop" if hole and begin_ns else None)
                    packet = replace(packet, first_sample=samples, gap=gap)
                    samples += len(packet.samples)
                    heard_ns = packet.end_ns
                    end_ns = max(end_ns, heard_ns)
                yield packet
            if end_ns == begin_ns:
                raise MediaError(f"{self.name} has no content to loop: give another file.")
            begin_ns = end_ns


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run this number of processes that each use a full core."""
    with ExitStack() as running:
        for _ in range(processes):
            running.enter_context(bystander([sys.executable, "-c", BUSY]))
        yield


def _write_clip(
    path: Path, seconds: float, frame: Callable[[int], NDArray[np.uint8]], script: Script
) -> Path:
    """Write H.264 and AAC, like a phone."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound: Any = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
        for index in range(round(seconds * FPS)):
            image = av.VideoFrame.from_ndarray(frame(index), format="bgr24")
            image.pts, image.time_base = index, Fraction(1, FPS)
            container.mux(picture.encode(image))
        for first in range(0, round(seconds * SAMPLE_RATE_HZ), CHUNK_SAMPLES):
            samples = script.samples(first, CHUNK_SAMPLES)
            piece = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            piece.sample_rate, piece.pts = SAMPLE_RATE_HZ, first
            piece.time_base = Fraction(1, SAMPLE_RATE_HZ)
            container.mux(sound.encode(piece))
        for stream in (picture, sound):
            container.mux(stream.encode(None))
    return path
