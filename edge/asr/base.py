"""The interface of speech recognisers: sound in, revised utterances out."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edge.types import NS_PER_S, Chunk, Float, Utterance

UNKNOWN_CONFIDENCE = 0.7
"""Of a final word for which the engine claims none."""


class SpeechToText(Protocol):
    """A streaming recogniser. One thread; nobody waits for it."""

    name: str
    """Engine and model, for display."""

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Process more sound. Returns the utterances whose words changed or became final, in order
        (usually none).

        The utterance ends at a gap in the sound. The sound after it is another utterance.
        """

    def finish(self) -> list[Utterance]:
        """End the sound. Returns the last utterance as final, if there is one."""


class Reusable(SpeechToText, Protocol):
    """A recogniser that can be prepared for other sound."""

    def restart(self) -> None:
        """Be as newly opened."""


class CaptureTime:
    """Maps a position in the recogniser's stream to capture time, by the newest chunk."""

    def __init__(self) -> None:
        self._t_ns = 0
        self._position = 0
        self._rate_hz = 1

    def anchor(self, chunk: Chunk, position: int) -> None:
        """Record that `chunk` begins at sample `position` of the recogniser's stream."""
        self._t_ns, self._position, self._rate_hz = chunk.t_ns, position, chunk.rate_hz

    def at(self, position: float) -> int:
        """Capture time, in nanoseconds, of sample `position`."""
        return self._t_ns + round((position - self._position) * NS_PER_S / self._rate_hz)


def pcm16(samples: Float) -> bytes:
    """Convert samples in -1..1 to 16-bit PCM. Values that are not finite become silence."""
    scaled = np.nan_to_num(samples * 32768, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(scaled, -32768, 32767).astype(np.int16).tobytes()
