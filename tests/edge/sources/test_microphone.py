"""A microphone: what is played comes in sample for sample, with its time."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from fixtures.listener import Listener
from fixtures.pulse import SoundCable

from edge.clock import MonotonicClock
from edge.sources import microphone as microphone_module
from edge.sources.microphone import Microphone
from edge.sources.sample_ring import SampleRing
from edge.types import NS_PER_S, Chunk, Float

pytestmark = pytest.mark.alone


def onsets_ns(chunks: list[Chunk], level: float = 0.25) -> list[int]:
    samples = np.concatenate([chunk.samples for chunk in chunks])
    times = np.concatenate(
        [chunk.t_ns + np.arange(len(chunk.samples)) * NS_PER_S // chunk.rate_hz for chunk in chunks]
    )
    hits = times[np.abs(samples) > level]
    if not len(hits):
        return []
    return [int(t) for t in hits[np.diff(hits, prepend=hits[0] - NS_PER_S) > 50_000_000]]


def clicks(cable: SoundCable, count: int) -> list[int]:
    """Play half-scale clicks of 40 ms; returns when each sounds."""
    sounds_ns = []
    for number in range(count):
        sounds_ns.append(cable.play(np.full(640, 0.5, np.float32)))
        time.sleep(0.2 + 0.017 * number)
    time.sleep(0.2)
    return sounds_ns


def test_played_sound_is_recorded_sample_for_sample(
    pulse_mic: SoundCable, listener: Listener
) -> None:
    speech = np.random.default_rng(5).uniform(-0.8, 0.8, 8000).astype(np.float32)
    time.sleep(0.3)
    pulse_mic.play(speech)
    time.sleep(0.8)
    chunks = listener.stop()
    assert all(chunk.rate_hz == 16_000 and chunk.samples.dtype == np.float32 for chunk in chunks)
    heard = np.concatenate([chunk.samples for chunk in chunks])
    start = int(np.flatnonzero(heard)[0])
    # The null sink keeps 16 bits.
    np.testing.assert_allclose(heard[start : start + 8000], speech, atol=2**-14)


def test_the_time_of_sound_is_that_of_its_emission(
    pulse_mic: SoundCable, listener: Listener
) -> None:
    # From the first second on, in which PulseAudio's plug-in claims a delay of 160 ms.
    sounds_ns = clicks(pulse_mic, 10)
    chunks = listener.stop()
    heard_ns = onsets_ns(chunks)
    assert len(heard_ns) == 10
    errors_ms = [(heard - sounds) / 1e6 for heard, sounds in zip(heard_ns, sounds_ns, strict=True)]
    assert max(map(abs, errors_ms)) < 50
    assert np.ptp(errors_ms) < 30


def test_samples_are_counted_without_a_gap(listener: Listener) -> None:
    time.sleep(1.5)
    chunks = listener.stop()
    assert chunks[0].first_sample == 0
    assert all(a.first_sample + len(a.samples) == b.first_sample for a, b in pairwise(chunks))
    assert all(chunk.gap is None for chunk in chunks) and not listener.microphone.report().drops
    times = [chunk.t_ns for chunk in chunks]
    assert all(15e6 < b - a < 25e6 for a, b in pairwise(times))


def test_a_stopped_reader_causes_a_marked_gap(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone_module, "RING_S", 1)
    microphone = Microphone(None, MonotonicClock())
    microphone.open()
    chunks = []
    stalled = False
    for chunk in microphone.packets():
        chunks.append(chunk)
        if chunk.first_sample > 8000 and not stalled:
            stalled = True
            time.sleep(1.8)
            sounds_ns = pulse_mic.play(np.full(640, 0.5, np.float32))
        if chunk.first_sample > 56_000:
            break
    microphone.close()
    holes = [(a, b) for a, b in pairwise(chunks) if b.gap is not None]
    assert [after.gap for _, after in holes] == ["ring"]
    before, after = holes[0]
    lost = after.first_sample - before.first_sample - len(before.samples)
    counted = microphone.report().drops["audio samples: ring"]
    assert lost == counted == pytest.approx(0.8 * 16_000, abs=3000)
    assert onsets_ns(chunks) == pytest.approx([sounds_ns], abs=50e6)


def test_an_overflow_of_the_driver_is_marked(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag is set by hand on a real stream whose callbacks are held back for 300 ms."""
    called_ns: list[int] = []

    class Holding(SampleRing):
        blocks = 0

        def write(self, samples: Float, now_ns: int, delay_ns: int | None, overflow: bool) -> None:
            self.blocks += 1
            if 49 <= self.blocks <= 65:
                called_ns.append(now_ns)
            if 50 <= self.blocks < 65:
                return
            super().write(samples, now_ns, delay_ns, self.blocks == 65)

    monkeypatch.setattr(microphone_module, "SampleRing", Holding)
    one = Listener(Microphone(None, MonotonicClock()))
    time.sleep(1.6)
    sounds_ns = pulse_mic.play(np.full(640, 0.5, np.float32))
    time.sleep(0.5)
    chunks = one.stop()
    holes = [(a, b) for a, b in pairwise(chunks) if b.gap is not None]
    assert [after.gap for _, after in holes] == ["overflow"]
    lost = holes[0][1].first_sample - holes[0][0].first_sample - len(holes[0][0].samples)
    # Between the block before the hole and the one after it: a callback may come late.
    passed = (called_ns[-1] - called_ns[0]) * 16_000 / NS_PER_S
    assert lost + 320 == pytest.approx(passed, abs=320)
    assert onsets_ns(chunks) == pytest.approx([sounds_ns], abs=50e6)


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (48_000, 1)])
def test_a_device_with_another_rate_is_resampled(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch, rate_hz: int, channels: int
) -> None:
    monkeypatch.setattr(microphone_module, "_format", lambda *_: (rate_hz, channels))
    one = Listener(Microphone(None, MonotonicClock()))
    time.sleep(0.5)
    times_s = np.arange(16_000) / 16_000
    sounds_ns = pulse_mic.play(0.5 * np.sin(2 * np.pi * 1000 * times_s).astype(np.float32))
    time.sleep(1.5)
    chunks = one.stop()
    assert all(chunk.rate_hz == 16_000 for chunk in chunks)
    assert all(a.first_sample + len(a.samples) == b.first_sample for a, b in pairwise(chunks))
    (heard_ns,) = onsets_ns(chunks)
    assert heard_ns == pytest.approx(sounds_ns, abs=50e6)
    samples = np.concatenate([chunk.samples for chunk in chunks])
    loud = samples[np.flatnonzero(np.abs(samples) > 0.25)[0] :][:8000]
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    assert np.argmax(spectrum) * 16_000 / len(loud) == pytest.approx(1000, abs=4)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.03)
