"""Sound of odd channels becomes one, at the level of the average."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from edge.sources.resample import MonoResampler

RATE_HZ = 48_000


def wav(path: Path, samples: np.ndarray, kind: int) -> Path:
    """`samples` (n, channels), without saying which channel is where. `kind`: 1 PCM, 3 floats."""
    size, channels = samples.dtype.itemsize, samples.shape[1]
    data = samples.tobytes()
    frame = size * channels
    form = struct.pack("<HHIIHH", kind, channels, RATE_HZ, RATE_HZ * frame, frame, 8 * size)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.mark.parametrize("channels", [4, 9, 18, 32, 64])
@pytest.mark.parametrize(
    ("dtype", "kind", "middle", "full"),
    [("u1", 1, 128, 128), ("<i2", 1, 0, 2**15), ("<i4", 1, 0, 2**31), ("<f4", 3, 0, 1)],
)
def test_channels_whose_positions_are_unknown_are_averaged(
    tmp_path: Path, channels: int, dtype: str, kind: int, middle: int, full: int
) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    one = (middle + tone * full).astype(dtype)
    path = wav(tmp_path / "s.wav", np.repeat(one[:, None], channels, axis=1), kind)
    resampler = MonoResampler()
    with av.open(str(path)) as file:
        parts = [resampler.feed(frame) for frame in file.decode(audio=0)]
    heard = np.concatenate([*parts, resampler.flush()])
    assert len(heard) == pytest.approx(16_000, abs=1)
    assert abs(heard.mean()) < 0.01
    assert np.sqrt((heard**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
