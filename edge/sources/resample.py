"""Converts any PCM to mono float32 at 16 kHz, sample-accurate on the same timeline."""

from __future__ import annotations

import av
import numpy as np

from edge.sources.base import SAMPLE_RATE_HZ
from edge.types import Float

_UNORDERED = " channels"
"""The end of the name of a layout whose positions FFmpeg does not know, such as "9 channels"."""


class MonoResampler:
    """FFmpeg's resampler; channels are mixed down by a plain average. One thread at a time.

    Output sample k lies at the time of input sample k * rate / 16000 (an impulse at 0.5 s stays at
    sample 8000 from 8, 22.05, 44.1 and 48 kHz). 16 to 32 samples are held back until `flush`.
    FFmpeg's own mix to mono raises a voice that is on both channels by 3 dB, past full scale, which
    would count as clipping. So channels are averaged here. More than two are first mixed to stereo
    by FFmpeg, which knows the positions of a 5.1 layout; but not those of nine or 32 channels.
    """

    def __init__(self) -> None:
        self._made_for: tuple[int, str, str] | None = None
        self._resampler: av.AudioResampler | None = None

    def feed(self, frame: av.AudioFrame) -> Float:
        """The samples that this frame completes, shape (n,). n may be 0."""
        if frame.layout.name.endswith(_UNORDERED):
            frame = _averaged(frame)
        form = (frame.sample_rate, frame.layout.name, frame.format.name)
        head: list[Float] = []
        if self._resampler is None or form != self._made_for:
            head.append(self.flush())
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE_HZ)
            self._made_for = form
        frame.pts = None  # samples are counted here, independent of the file's time stamps
        return _mix(self._resampler.resample(frame), head)

    def feed_array(self, samples: Float, rate_hz: int) -> Float:
        """Like `feed`, for an array of shape (n, channels)."""
        mono = np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32))[None, :]
        frame = av.AudioFrame.from_ndarray(mono, format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        return self.feed(frame)

    def flush(self) -> Float:
        """The samples held back. The next `feed` starts anew, as after a gap."""
        resampler, self._resampler, self._made_for = self._resampler, None, None
        return _mix(resampler.resample(None) if resampler is not None else [], [])


def _averaged(frame: av.AudioFrame) -> av.AudioFrame:
    """One channel of float32, from any PCM."""
    samples = frame.to_ndarray()  # (channels, n), or (1, n * channels) if they are interleaved
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    mono = samples.mean(axis=0, dtype=np.float64)
    if samples.dtype.kind in "iu":
        full = 2.0 ** (8 * samples.dtype.itemsize - 1)
        mono = (mono - (full if samples.dtype.kind == "u" else 0)) / full
    one = av.AudioFrame.from_ndarray(mono.astype(np.float32)[None, :], format="fltp", layout="mono")
    one.sample_rate = frame.sample_rate
    return one


def _mix(frames: list[av.AudioFrame], head: list[Float]) -> Float:
    parts = head + [frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
