"""Decodes a sound file, or one stored in a table, to mono at 16 kHz."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float

RATE_HZ = 16_000


def decode(sound: Path | bytes, where: str) -> Float:
    """Decode a file, or its bytes, to float32 in -1..1, mono at 16 kHz.

    Args:
        where: Names the sound in the error message.

    Raises:
        DataError: It is missing, is not a sound, or is empty.
    """
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    try:
        source = io.BytesIO(sound) if isinstance(sound, bytes) else str(sound)
        with av.open(source, "r") as container:
            parts = [
                out.to_ndarray()[0]
                for frame in container.decode(audio=0)
                for out in resampler.resample(frame)
            ]
            parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise DataError(f"{where} cannot be decoded as sound ({error}).") from error
    if not parts:
        raise DataError(f"{where} holds no sound: copy the file again.")
    return np.concatenate(parts).astype(np.float32)


def packed(sounds: Sequence[Float]) -> dict[str, NDArray[Any]]:
    """Sounds as two arrays for the cache, "samples" with 16 bits each and "lengths"."""
    whole = np.concatenate(sounds)
    return {
        "samples": np.clip(np.round(whole * 32768.0), -32768, 32767).astype(np.int16),
        "lengths": np.array([len(sound) for sound in sounds]),
    }


def unpacked(stored: Mapping[str, NDArray[Any]]) -> list[Float]:
    """The sounds that `packed` stored."""
    ends = np.cumsum(stored["lengths"])
    return [
        stored["samples"][end - n : end].astype(np.float32) / 32768.0
        for end, n in zip(ends, stored["lengths"], strict=True)
    ]
