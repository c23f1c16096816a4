"""Decodes a sound file, or one stored in a table, to mono at 16 kHz."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

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
