"""The audio front end: turns sound into log-mel segments and measured signals as it arrives.

Training passes whole clips through the same object (`segments`). So the network's input in training
and live is the same to the bit, regardless of the chunks that the sound was cut into.
"""

from __future__ import annotations

from dataclasses import dataclass

import kaldi_native_fbank
import numpy as np

from edge.errors import SourceError
from edge.frontends.sound_level import QUALITY, SoundLevel
from edge.types import NS_PER_S, Chunk, Float, Observation

__all__ = ["QUALITY", "SpeechFrontEnd", "SpeechParams", "segments"]

_LOUDEST = 1e6
"""120 dB over full scale is not sound. From 1e19 the energies overflow and the extractor fails."""


@dataclass(frozen=True)
class SpeechParams:
    """All parameters that determine the log-mel values. Samples are in -1..1.

    `energy_floor` (of a mel band's energy) is the energy of 16-bit rounding noise. Digital silence
    has its logarithm, -15.9.
    """

    version: int = 1
    rate_hz: int = 16000
    mels: int = 64
    window_ms: int = 25
    shift_ms: int = 10
    low_hz: int = 20
    segment_frames: int = 100
    hop_frames: int = 10
    energy_floor: float = 1.1920929e-07

    @property
    def shift(self) -> int:
        """Samples between the starts of two frames."""
        return self.rate_hz * self.shift_ms // 1000

    @property
    def window(self) -> int:
        """Samples in a frame."""
        return self.rate_hz * self.window_ms // 1000


class SpeechFrontEnd:
    """Every `hop_frames` frames, outputs the last `segment_frames` frames of log-mel. One thread.

    120 times real time on one core; half of that is voice activity. Memory does not grow.
    """

    def __init__(self, params: SpeechParams) -> None:
        self.params = params
        self.bad_samples = 0
        """Samples since the start that were not valid, such as NaN. Each was replaced by 0."""
        self._level = SoundLevel(params.rate_hz, _white_response(params), params.energy_floor)
        self._next_sample: int | None = None
        self._restart()

    def process(self, chunk: Chunk) -> list[Observation]:
        """Process the next sound. At a gap the sound before it is discarded, never joined.

        Returns:
            An observation for each completed hop. `t_ns` is the capture time of its end. The
            tensor, float32, shape (1, segment_frames, mels), is None until there is enough sound.

        Raises:
            SourceError: The chunk is not at `params.rate_hz`.
        """
        params = self.params
        if chunk.rate_hz != params.rate_hz:
            raise SourceError(
                f"The speech front end needs sound at {params.rate_hz} Hz, not "
                f"{chunk.rate_hz} Hz: resample it in the source."
            )
        if chunk.gap is not None or chunk.first_sample != self._next_sample:
            self._restart()
        self._next_sample = chunk.first_sample + len(chunk.samples)
        samples = self._sound(chunk.samples)
        observations = []
        taken = 0
        while (until := taken + self._hop_end - self._heard) <= len(samples):
            self._take(samples[taken:until])
            taken = until
            t_ns = chunk.t_ns + taken * NS_PER_S // chunk.rate_hz
            observations.append(self._observe(t_ns))
            self._hop_end += params.hop_frames * params.shift
        self._take(samples[taken:])
        return observations

    def reset(self) -> None:
        """Start anew, as after a gap."""
        self._next_sample = None
        self._restart()

    def _restart(self) -> None:
        params = self.params
        self._fbank = kaldi_native_fbank.OnlineFbank(_options(params))
        self._mel = np.zeros((params.segment_frames, params.mels), dtype=np.float32)
        self._frames = 0
        self._heard = 0
        self._hop_end = (params.hop_frames - 1) * params.shift + params.window
        self._level.reset()

    def _take(self, samples: Float) -> None:
        if len(samples) == 0:
            return
        self._heard += len(samples)
        self._level.take(samples)
        self._fbank.accept_waveform(self.params.rate_hz, samples)
        ready = self._fbank.num_frames_ready
        fresh = [self._fbank.get_frame(i).copy() for i in range(self._frames, ready)]
        if fresh:
            self._mel = np.concatenate([self._mel, np.stack(fresh)])[-self.params.segment_frames :]
            # Drop the frames that were read; otherwise the extractor keeps all since the start.
            self._fbank.pop(len(fresh))
            self._frames = ready

    def _observe(self, t_ns: int) -> Observation:
        whole = self._frames >= self.params.segment_frames
        # In the first second the rest of the table is empty, which is not the same as silence.
        heard = self._mel if whole else self._mel[-self._frames :]
        tensor = heard[None].copy() if whole else None
        return Observation(t_ns, tensor, self._level.measure(heard))

    def _sound(self, samples: Float) -> Float:
        # Written so that NaN also counts as bad.
        bad = ~(np.abs(samples) <= _LOUDEST)
        count = int(np.count_nonzero(bad))
        if not count:
            return samples
        self.bad_samples += count
        return np.where(bad, np.float32(0.0), samples)


def segments(
    samples: Float, params: SpeechParams, front_end: SpeechFrontEnd | None = None
) -> tuple[Float, Float]:
    """All segments of one clip, computed by the live front end.

    Args:
        samples: Mono float32 at `params.rate_hz`, in -1..1.
        front_end: One to reuse (it is reset first): creating one costs 30 ms.

    Returns:
        float32 (n, 1, segment_frames, mels) and (n, Q). n is 0 for a clip shorter than a segment.
    """
    front_end = front_end or SpeechFrontEnd(params)
    front_end.reset()
    chunk = Chunk(0, np.ascontiguousarray(samples, dtype=np.float32), params.rate_hz, 0)
    full = [(o.tensor, o.quality) for o in front_end.process(chunk) if o.tensor is not None]
    if not full:
        shape = (0, 1, params.segment_frames, params.mels)
        return np.zeros(shape, np.float32), np.zeros((0, len(QUALITY)), np.float32)
    tensors = np.stack([tensor for tensor, _ in full]).astype(np.float32, copy=False)
    return tensors, np.stack([quality for _, quality in full])


def _options(params: SpeechParams) -> kaldi_native_fbank.FbankOptions:
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = params.rate_hz
    options.frame_opts.frame_length_ms = params.window_ms
    options.frame_opts.frame_shift_ms = params.shift_ms
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = params.mels
    options.mel_opts.low_freq = params.low_hz
    options.energy_floor = params.energy_floor
    options.eps = params.energy_floor
    return options


def _white_response(params: SpeechParams) -> Float:
    """The response of each mel band to a flat spectrum, shape (mels,).

    A single click has a flat spectrum, so one frame of it gives the exact response.
    """
    click = np.zeros(params.window, dtype=np.float32)
    click[params.window // 2] = 1.0
    fbank = kaldi_native_fbank.OnlineFbank(_options(params))
    fbank.accept_waveform(params.rate_hz, click)
    return np.exp(np.array(fbank.get_frame(0), dtype=np.float32))
