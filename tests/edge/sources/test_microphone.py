"""The microphone over a real sound server: PortAudio records what PulseAudio plays."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.pulse import SoundCable

from edge.clock import MonotonicClock
from edge.errors import DeviceError, SourceError
from edge.sources import microphone as microphone_module
from edge.sources.devices import list_devices
from edge.sources.microphone import Microphone
from edge.sources.sample_ring import SampleRing
from edge.types import NS_PER_S, Chunk, Float

pytestmark = pytest.mark.alone


class Listener:
    """Takes a microphone's chunks on a thread, as the runtime does."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self.chunks: list[Chunk] = []
        self.error: BaseException | None = None
        microphone.open()
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self) -> None:
        try:
            for chunk in self.microphone.packets():
                self.chunks.append(chunk)
        except DeviceError as error:
            self.error = error

    def stop(self) -> list[Chunk]:
        self.microphone.close()
        self.thread.join(0.5)
        assert not self.thread.is_alive()
        return self.chunks


@pytest.fixture
def listener(pulse_mic: SoundCable) -> Iterator[Listener]:
    one = Listener(Microphone(None, MonotonicClock()))
    yield one
    one.stop()


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


def test_the_death_of_the_sound_server_is_noticed_at_once(
    pulse_mic: SoundCable, listener: Listener
) -> None:
    time.sleep(0.3)
    killed = time.monotonic()
    pulse_mic.kill()
    listener.thread.join(2)
    assert time.monotonic() - killed < 1
    assert listener.error is not None and "was lost" in str(listener.error)
    assert len(listener.chunks) > 5


def test_a_hanging_sound_server_is_noticed_and_closing_stays_quick(
    pulse_mic: SoundCable, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone_module, "STALL_S", 0.5)
    time.sleep(0.3)
    pulse_mic.freeze()
    listener.thread.join(2)
    assert listener.error is not None and "0.5 s" in str(listener.error)
    start = time.monotonic()
    listener.microphone.close()
    assert time.monotonic() - start < 0.5
    pulse_mic.thaw()


def test_a_sound_server_that_does_not_reply_is_an_error_in_time(pulse_mic: SoundCable) -> None:
    pulse_mic.freeze()
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"0\.5 s"):
        Microphone(None, MonotonicClock(), open_timeout_s=0.5).open()
    assert time.monotonic() - start < 1
    pulse_mic.thaw()
    time.sleep(0.5)  # the call that hung returns, and frees what it got


def test_a_program_ends_while_its_sound_server_hangs(pulse_mic: SoundCable) -> None:
    script = """
import sys
from edge.clock import MonotonicClock
from edge.sources.microphone import Microphone

microphone = Microphone(None, MonotonicClock())
microphone.open()
next(microphone.packets())
print("listening", flush=True)
sys.stdin.readline()
microphone.close()
"""
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None and program.stdout.readline() == "listening\n"
    pulse_mic.freeze()
    start = time.monotonic()
    program.communicate("\n", timeout=5)
    assert program.returncode == 0 and time.monotonic() - start < 2
    pulse_mic.thaw()


def test_closing_ends_the_packets(listener: Listener) -> None:
    time.sleep(0.2)
    start = time.monotonic()
    listener.stop()
    listener.microphone.close()
    assert time.monotonic() - start < 0.5


def test_a_microphone_is_found_by_index_name_and_part_of_a_name(pulse_mic: SoundCable) -> None:
    found = list_devices().microphones
    assert {one.name for one in found} >= {"pulse", "default"}
    index = next(one.index for one in found if one.name == "pulse")
    for device in (index, "pulse", "PULS"):
        microphone = Microphone(device, MonotonicClock())
        microphone.open()
        assert microphone.name == f"microphone {index} (pulse)"
        assert isinstance(next(microphone.packets()), Chunk)
        microphone.close()


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (97, "Microphone 97 does not exist"),
        ("Neumann", "'Neumann'"),
        ("u", "Several microphones match"),
    ],
)
def test_an_unknown_microphone_is_refused(
    pulse_mic: SoundCable, device: int | str, says: str
) -> None:
    with pytest.raises(DeviceError, match=says) as caught:
        Microphone(device, MonotonicClock()).open()
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_machine_without_a_microphone_is_an_error(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sounddevice

    monkeypatch.setattr(sounddevice, "query_devices", lambda: [])
    with pytest.raises(DeviceError, match=r"No microphone was found.*--mic none"):
        Microphone(None, MonotonicClock()).open()
    assert "No microphone was found." in list_devices().notes


@pytest.mark.parametrize(
    ("lacking", "says"),
    [(OSError("PortAudio library not found"), "libportaudio2"), (ImportError(), "pip install")],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, lacking: Exception, says: str
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "sounddevice":
                raise lacking

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(DeviceError, match=says):
        Microphone(None, MonotonicClock()).open()
    assert any(says in note for note in list_devices().notes)


def test_reading_without_opening_is_refused() -> None:
    with pytest.raises(SourceError, match="not open"):
        next(Microphone(None, MonotonicClock()).packets())
