"""A network camera and a microphone together: one clock, and all losses are reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from fixtures.mjpeg import MjpegCamera, timecode
from fixtures.pulse import SoundCable
from fixtures.waiting import LIMIT_S, Pauses, Stopwatch, eventually
from numpy.typing import NDArray

from edge.clock import MonotonicClock
from edge.sources.base import Source
from edge.sources.camera import Camera
from edge.sources.microphone import Microphone
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Frame, Packet

pytestmark = pytest.mark.alone


def test_a_clap_has_the_same_time_in_picture_and_sound(
    pulse_mic: SoundCable, mjpeg_server: Callable[..., MjpegCamera]
) -> None:
    claps_ns: list[int] = []
    looks_ns: list[int] = []

    def scene(t_ns: int) -> NDArray[np.uint8]:
        looks_ns.append(t_ns)
        picture = timecode(t_ns)
        if any(0 <= t_ns - clap_ns < 150 * NS_PER_MS for clap_ns in claps_ns):
            picture[200:] = 255
        return picture

    clock = MonotonicClock()
    camera = Camera(mjpeg_server(scene).url, clock)
    microphone = Microphone(None, clock)
    packets: list[Packet] = []
    sources: list[Source] = [camera, microphone]
    for source in sources:
        source.open()
    readers = [
        threading.Thread(target=lambda source=source: packets.extend(source.packets()))
        for source in sources
    ]
    for reader in readers:
        reader.start()
    eventually(lambda: {type(packet) for packet in packets} == {Frame, Chunk})
    with Pauses() as pauses:
        for number in range(8):
            claps_ns.append(pulse_mic.play(np.full(1600, 0.5, np.float32)))
            time.sleep(0.35 + 0.013 * number)
        eventually(lambda: len(_onsets_ns(_chunks(packets))) == 8)
    with Stopwatch() as watch:
        for source in sources:
            source.close()
        for reader in readers:
            reader.join(LIMIT_S)
            assert not reader.is_alive()
        assert watch.seconds < 1

    frames = [packet for packet in packets if isinstance(packet, Frame)]
    chunks = _chunks(packets)
    seen_ns = [b.t_ns for a, b in pairwise(frames) if not _flash(a) and _flash(b)]
    heard_ns = _onsets_ns(chunks)
    assert len(heard_ns) == 8
    for clap_ns, sound_ns in zip(claps_ns, heard_ns, strict=True):
        assert sound_ns == pytest.approx(clap_ns, abs=50 * NS_PER_MS)
        # A camera looks every 33 ms, so it first sees a clap up to that much later; and later by
        # what kept it from looking, or its picture from being taken in.
        looked_ns = next(t_ns - clap_ns for t_ns in looks_ns if t_ns >= clap_ns)
        kept_ns = pauses.ms(clap_ns, clap_ns + 150 * NS_PER_MS) * NS_PER_MS
        kept_ns += max(0, looked_ns - 33 * NS_PER_MS)
        sights = [t - clap_ns for t in seen_ns if -10 * NS_PER_MS < t - clap_ns < 200 * NS_PER_MS]
        assert (sights and sights[0] < 50 * NS_PER_MS + kept_ns) or kept_ns > 100 * NS_PER_MS
    assert len(seen_ns) <= 8

    assert all(chunk.gap is None for chunk in chunks)
    assert all(a.first_sample + len(a.samples) == b.first_sample for a, b in pairwise(chunks))
    skipped = sum(b.index - a.index - 1 for a, b in pairwise(frames))
    assert skipped <= sum(camera.report().drops.values())
    assert len(frames) > 0.8 * 30 * (frames[-1].t_ns - frames[0].t_ns) / NS_PER_S


def _chunks(packets: list[Packet]) -> list[Chunk]:
    return [packet for packet in list(packets) if isinstance(packet, Chunk)]


def _flash(frame: Frame) -> bool:
    return int(frame.bgr[400, 300, 0]) > 200


def _onsets_ns(chunks: list[Chunk]) -> list[int]:
    """When each clap begins; a busy machine may tear one in two, but they are 350 ms apart."""
    samples = np.concatenate([chunk.samples for chunk in chunks])
    times = np.concatenate(
        [chunk.t_ns + np.arange(len(chunk.samples)) * NS_PER_S // 16_000 for chunk in chunks]
    )
    loud = times[samples > 0.25]
    return [int(t) for t in loud[np.diff(loud, prepend=-NS_PER_S) > 200 * NS_PER_MS]]
