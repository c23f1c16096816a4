"""One interface over speech recognisers: sound in, revised utterances out."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edge.types import NS_PER_S, Chunk, Float, Utterance

PARTIAL_CONFIDENCE = 0.7
"""What a partial word is worth: 0.71 of pocketsphinx's stand in the final too (1138 words of 17
clips). Engines claim 1.0 for each, right or wrong (vosk-api#655, #1191)."""


class SpeechToText(Protocol):
    """A streaming recogniser. One thread; nobody waits for it."""

    name: str
    """Engine and model, for people."""

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Listen on. The utterances whose words changed or became final, in order; mostly none.

        At a hole in the sound the utterance ends; what follows is another.
        """

    def finish(self) -> list[Utterance]:
        """No more sound comes: the last utterance, final, if there is one."""


class CaptureTime:
    """From a position in the recogniser's own stream to capture time, by the newest chunk."""

    def __init__(self) -> None:
        self._t_ns = 0
        self._position = 0
        self._rate_hz = 1

    def anchor(self, chunk: Chunk, position: int) -> None:
        """`chunk` begins at sample `position` of the recogniser's stream."""
        self._t_ns, self._position, self._rate_hz = chunk.t_ns, position, chunk.rate_hz

    def at(self, position: float) -> int:
        """Capture time, in nanoseconds, of sample `position`."""
        return self._t_ns + round((position - self._position) * NS_PER_S / self._rate_hz)


def pcm16(samples: Float) -> bytes:
    """Samples in -1..1 as the engines take them; what is no number is silence."""
    scaled = np.nan_to_num(samples * 32768, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(scaled, -32768, 32767).astype(np.int16).tobytes()
