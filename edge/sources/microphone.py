"""A microphone through PortAudio: sound by sample index, gaps marked, times on the run's clock."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

from edge.clock import Clock
from edge.errors import DOCTOR, DeviceError, SourceError
from edge.sources.base import SAMPLE_RATE_HZ, SourceReport, call_bounded
from edge.sources.card_sound import chunks_of
from edge.sources.portaudio import CALLS, Input, calls, find_input, load_portaudio, rescan
from edge.sources.sample_ring import Block, SampleRing
from edge.types import NS_PER_S, Chunk, Float

RING_S = 10
"""The reader only copies and resamples. A stall of 10 s means that the computer was asleep."""
STALL_S = 3.0
"""Callbacks come every 20 ms, also in silence. None for this long means that the device failed."""


class Microphone:
    """Live sound as 16 kHz mono.

    The device is opened at 16 kHz mono. If it does not support this, it is opened at its own rate,
    its channels are averaged and the sound is resampled. The report counts lost samples by cause:
    "overflow" (reported by the driver), "ring" (this program stalled), "silent loss" (callbacks
    stay later than their sample count says).

    Args:
        device: Index, name or part of a name; None for the system's default.
        clock: The clock of the capture times.
        open_timeout_s: Limit for a sound server that does not answer.
        rescan: Look for devices again, as after an unplug. No other microphone may be open.
    """

    def __init__(
        self,
        device: int | str | None,
        clock: Clock,
        open_timeout_s: float = 5.0,
        rescan: bool = False,
    ) -> None:
        self.name = "default microphone" if device is None else f"microphone {device!r}"
        self.streams = frozenset({"audio"})
        self._lost: Counter[str] = Counter()
        self._device, self._clock, self._open_timeout_s = device, clock, open_timeout_s
        self._rescan = rescan
        self._stop, self._ended = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._stream: Any = None
        self._ring: SampleRing | None = None
        self._rate_hz = SAMPLE_RATE_HZ

    def open(self) -> None:
        stream = call_bounded(
            self._start,
            _shut,
            self._open_timeout_s,
            self._stop,
            f"The {self.name} did not open within {self._open_timeout_s:g} s: {DOCTOR}.",
        )
        with self._lock:
            self._stream = stream
        if self._stop.is_set():
            self.close()

    def packets(self) -> Iterator[Chunk]:
        """Yield 20 ms chunks. Raises `DeviceError` when the device is lost."""
        if self._stop.is_set():
            return
        ring = self._ring
        if ring is None or self._stream is None:
            raise SourceError(f"The {self.name} is not open: call open() before packets().")
        blocks = self._blocks(ring)
        first = next(blocks, None)
        if first is None:
            return
        blocks = chain((first,), blocks)
        yield from chunks_of(blocks, self._rate_hz, self._max_latency_ns(), self._lost)

    def close(self) -> None:
        self._stop.set()
        if self._ring is not None:
            self._ring.wake()
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            # A sound server that hangs would hang this call too, so another thread makes it.
            closing = threading.Thread(target=_shut, args=(stream,), daemon=True)
            closing.start()
            closing.join(0.4)

    def report(self) -> SourceReport:
        """Samples lost so far, by cause. Any thread."""
        lost = dict(self._lost)
        return SourceReport(drops={f"audio samples: {cause}": n for cause, n in lost.items()})

    def _start(self) -> Any:
        timeout_s = self._open_timeout_s
        sounddevice = load_portaudio(timeout_s)
        if self._rescan:
            rescan(sounddevice, timeout_s)
        with calls(timeout_s):
            return self._start_with(sounddevice)

    def _start_with(self, sounddevice: Any) -> Any:
        found = find_input(sounddevice, self._device)
        self.name = f"microphone {found.index} ({found.name})"
        try:
            rate_hz, channels = _format(sounddevice, found)
            ring = SampleRing(RING_S * rate_hz, channels)
            clock, ended = self._clock, self._ended
            stream: Any = None

            def on_samples(samples: Float, count: int, times: Any, status: Any) -> None:
                now_ns = clock.now_ns()
                # Both times are read now on PortAudio's clock, so a wait for the GIL cancels out.
                delay_s = stream.time - times.inputBufferAdcTime
                known = times.inputBufferAdcTime > 0 and delay_s >= 0
                delay_ns = round(delay_s * NS_PER_S) if known else None
                ring.write(samples, now_ns, delay_ns, bool(status.input_overflow))

            def finished() -> None:
                ended.set()
                ring.wake()

            stream = sounddevice.InputStream(
                device=found.index,
                samplerate=rate_hz,
                channels=channels,
                blocksize=rate_hz // 50,
                dtype="float32",
                latency="low",
                callback=on_samples,
                finished_callback=finished,
            )
            self._ring, self._rate_hz = ring, rate_hz
            stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"The {self.name} cannot be opened ({error}): {DOCTOR}.") from error
        return stream

    def _blocks(self, ring: SampleRing) -> Iterator[Block]:
        heard_ns = self._clock.now_ns()
        while not self._stop.is_set():
            block = ring.read(0.1)
            if block is not None:
                heard_ns = self._clock.now_ns()
                yield block
            elif self._stop.is_set():
                return
            elif self._ended.is_set():
                raise DeviceError(
                    f"The {self.name} was lost: it was unplugged, or its sound server ended; "
                    f"{DOCTOR}."
                )
            elif self._clock.now_ns() - heard_ns > STALL_S * NS_PER_S:
                raise DeviceError(
                    f"The {self.name} has delivered nothing for {STALL_S:g} s and is treated as "
                    f"lost: {DOCTOR}."
                )

    def _max_latency_ns(self) -> int:
        """The duration that the device's buffer and one block hold."""
        with self._lock:
            latency_s = float(self._stream.latency) if self._stream is not None else 0.0
        return round((latency_s + 0.02) * NS_PER_S)


def _format(sounddevice: Any, found: Input) -> tuple[int, int]:
    """Rate and channels: 16 kHz mono if the device supports it, else its own."""
    own_channels = min(2, found.channels)
    for rate_hz, channels in (
        (SAMPLE_RATE_HZ, 1),
        (SAMPLE_RATE_HZ, own_channels),
        (found.rate_hz, 1),
    ):
        with contextlib.suppress(sounddevice.PortAudioError):
            sounddevice.check_input_settings(
                device=found.index, channels=channels, dtype="float32", samplerate=rate_hz
            )
            return rate_hz, channels
    return found.rate_hz, own_channels


def _shut(stream: Any) -> None:
    """Stop without playing the rest, and free. Errors are ignored: the device is lost anyway."""
    with CALLS:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)
