"""A real network camera and a real microphone at once, through to the label."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fixtures.mjpeg import MjpegCamera, taken_ms
from fixtures.pulse import SoundCable
from fixtures.timecode import BITS, SIDE, number_in, picture_of
from fixtures.waiting import LIMIT_S, Pauses, Stopwatch, eventually
from numpy.typing import NDArray

from edge.clock import Clock, MonotonicClock
from edge.config import load_config
from edge.demo.script import Script
from edge.recognition.verdict import Verdict, verdict_schema
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import Source
from edge.sources.camera import Camera
from edge.sources.microphone import Microphone
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Frame, Packet

pytestmark = pytest.mark.alone

SECONDS = 10
TOLERANCE_MS = 50
PAUSED_MS = 200
"""A window is judged if the machine stood still for less of its three seconds."""


@dataclass
class Tap:
    """A source that keeps a copy of what it passes on."""

    source: Source
    seen: list[Packet]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def packets(self) -> Iterator[Packet]:
        for packet in self.source.packets():
            self.seen.append(packet)
            yield packet


class ReaderClock(MonotonicClock):
    """Notes, whenever the camera's thread asks, how long that thread has waited for a processor."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def now_ns(self) -> int:
        now_ns = super().now_ns()
        if threading.current_thread().name.startswith("camera "):
            waited_ns = Path("/proc/thread-self/schedstat").read_text().split()[1]
            self.asked.append((now_ns, int(waited_ns)))
        return now_ns

    def waited_ms(self, from_ns: int, to_ns: int) -> float:
        before = max(waited for at_ns, waited in self.asked if at_ns <= from_ns)
        after = min(waited for at_ns, waited in self.asked if at_ns >= to_ns)
        return (after - before) / NS_PER_MS


def portrait_with_its_time(script: Script) -> Callable[[int], NDArray[np.uint8]]:
    """The demo's portrait, with the time at which it was taken in its upper left corner."""
    begun_ns = time.monotonic_ns()

    def scene(t_ns: int) -> NDArray[np.uint8]:
        picture = script.frame((t_ns - begun_ns) * 25 // NS_PER_S)
        picture[: 2 * SIDE, : BITS * SIDE] = picture_of(taken_ms(t_ns))[: 2 * SIDE]
        return picture

    return scene


def test_sound_and_picture_become_labels_with_their_capture_times(
    pulse_mic: SoundCable, mjpeg_server: Callable[..., MjpegCamera]
) -> None:
    script = Script(100)  # 25 s in which all is well
    server = mjpeg_server(portrait_with_its_time(script))
    packets: list[Packet] = []
    reader = ReaderClock()

    def feeds(clock: Clock) -> list[Feed]:
        return [
            Feed(Tap(Camera(server.url, reader), packets), frozenset({"vision"}), lossless=False),
            Feed(Tap(Microphone(None, clock), packets), frozenset({"audio"}), lossless=False),
        ]

    run = Run(load_config(None, [], {"seconds": SECONDS}), feeds)
    speech = script.samples(0, 16_000 * SECONDS)
    verdicts: list[Verdict] = []
    sounds_ns = 0
    with Pauses() as pauses, closing(run.verdicts()) as steps:
        for verdict in steps:
            if not verdicts:
                sounds_ns = pulse_mic.play(speech)
            verdicts.append(verdict)

    # The label stream.
    assert len(verdicts) >= SECONDS * 4 - 1
    assert [v.seq for v in verdicts] == list(range(len(verdicts)))
    settled = verdicts[12:]
    # What a pause of the whole machine made late is no stream's fault.
    quiet = [v for v in settled if pauses.ms(*v.span_ns) < PAUSED_MS]
    for v in quiet:
        assert v.label is not None, v
        assert v.streams["vision"].state == "used", v
        assert (v.streams["vision"].age_ms or 0) < 150, v
        assert (v.streams["audio"].age_ms or 0) < 300, v
    assert sum(v.streams["audio"].state == "used" for v in quiet) >= 0.9 * len(quiet)
    assert "happy" in " ".join(v.transcript for v in settled)

    # Both capture times.
    frames = [p for p in packets if isinstance(p, Frame)]
    chunks = [p for p in packets if isinstance(p, Chunk)]
    for frame in frames:
        number = number_in(frame.bgr)
        assert number is not None
        sent_ns = server.sent_ns[number]
        late_ms = pauses.ms(sent_ns, frame.t_ns)
        if frame.t_ns > sent_ns:
            late_ms += reader.waited_ms(sent_ns, frame.t_ns)
        taken_ms_ago = (taken_ms(frame.t_ns) - number) % (1 << BITS)
        assert taken_ms_ago < 1 << (BITS - 1), "a stamp before the picture was taken"
        assert (frame.t_ns - sent_ns) / NS_PER_MS <= TOLERANCE_MS + late_ms
    assert abs(heard_ns(chunks, speech[: 16_000 * 3]) - sounds_ns) <= TOLERANCE_MS * NS_PER_MS

    # No unexplained gap.
    drops = run.telemetry.drops
    lost_samples = sum(
        b.first_sample - a.first_sample - len(a.samples)
        for a, b in itertools.pairwise(chunks)
        if b.gap is None
    )
    assert lost_samples == 0
    skipped = sum(b.index - a.index - 1 for a, b in itertools.pairwise(frames))
    assert skipped <= sum(count for what, count in drops.items() if what.startswith("frames"))


def heard_ns(chunks: list[Chunk], played: NDArray[np.float32]) -> int:
    """Capture time of the moment at which what was played begins in what was heard."""
    heard = np.concatenate([chunk.samples for chunk in chunks])
    size = 1 << (len(heard) + len(played)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    at = int(np.fft.irfft(spectrum, size)[: len(heard)].argmax())
    for chunk in chunks:
        if at < len(chunk.samples):
            return chunk.t_ns + at * NS_PER_S // chunk.rate_hz
        at -= len(chunk.samples)
    raise AssertionError("what was played was not heard")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_live_run_within_two_seconds_with_whole_lines_and_a_summary(
    mjpeg_server: Callable[..., MjpegCamera], tmp_path: Path, number: signal.Signals
) -> None:
    url = mjpeg_server(portrait_with_its_time(Script(100))).url
    path = tmp_path / "v.jsonl"
    command = [sys.executable, "-m", "edge.cli", "run", "--camera", url, "--mic", "none"]
    process = subprocess.Popen(
        [*command, "--jsonl", str(path)], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        eventually(lambda: path.exists() and path.stat().st_size > 2000, 60)
        with Stopwatch() as watch:
            process.send_signal(number)
            error = process.communicate(timeout=LIMIT_S)[1]
    finally:
        process.kill()
    assert process.returncode == 0, error
    assert watch.seconds < 2
    lines = path.read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        jsonschema.validate(json.loads(line), verdict_schema())
    assert f"{len(lines)} verdicts" in error


def test_ctrl_c_while_a_camera_does_not_answer_ends_at_once(
    silent_port: int, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{silent_port}/video"
    command = [sys.executable, "-m", "edge", "run", "--camera", url, "--mic", "none"]
    command += ["--set", "source.open_timeout_s=60"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        banner = process.stderr.readline()  # the networks are loaded, the camera is being opened
        time.sleep(0.5)
        with Stopwatch() as watch:
            process.send_signal(signal.SIGINT)
            error = banner + process.communicate(timeout=LIMIT_S)[1]
    finally:
        process.kill()
    assert process.returncode == 0, error
    assert watch.seconds < 2
    assert "0 verdicts" in error and "Traceback" not in error
