"""Finds where utterances begin and end: hysteresis on voice activity. Noise does not begin one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.frontends.voice import BLOCK, VoiceActivity
from edge.types import Float

BEGIN_AT = 0.5
END_BELOW = 0.35
"""Silero's own hysteresis: off = on - 0.15."""
BEGIN_BLOCKS = 2
"""64 ms in a row: a click is not speech."""
END_BLOCKS = 16
"""0.5 s: pauses within a sentence are shorter."""
LOOK_BACK_BLOCKS = 10
"""0.3 s before speech was detected, because the first consonant is quiet."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Speech to decode. `first` is the stream position of its first sample."""

    samples: Float
    first: int
    ends: bool


class Endpointer:
    """Splits a stream of samples into speech and the rest. One thread."""

    def __init__(self) -> None:
        self._voice = VoiceActivity()
        self._pending: Float
        self.position = 0
        """Samples taken so far, which is the position of the next one."""
        self._restart()

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._speaking

    def reset(self) -> None:
        """Discard the sound so far, as after a gap. Positions continue."""
        self._voice.reset()
        self._restart()

    def take(self, samples: Float) -> list[Passage]:
        """The speech since the last call. It works in blocks of 32 ms, so some samples may wait."""
        pending = np.concatenate([self._pending, samples])
        block_first = self.position - len(self._pending)
        self.position += len(samples)
        passages = []
        while len(pending) >= BLOCK:
            passages.extend(self._block(pending[:BLOCK], block_first))
            pending, block_first = pending[BLOCK:], block_first + BLOCK
        self._pending = pending
        return passages

    def _restart(self) -> None:
        self._pending = np.zeros(0, np.float32)
        self._before: list[Float] = []
        self._speaking = False
        self._count = 0

    def _block(self, block: Float, first: int) -> list[Passage]:
        voice = self._voice.process(block)
        if self._speaking:
            self._count = self._count + 1 if voice < END_BELOW else 0
            ends = self._count >= END_BLOCKS
            if ends:
                self._speaking, self._count = False, 0
            return [Passage(block, first, ends=ends)]
        self._before = [*self._before[-LOOK_BACK_BLOCKS:], block]
        self._count = self._count + 1 if voice >= BEGIN_AT else 0
        if self._count < BEGIN_BLOCKS:
            return []
        samples = np.concatenate(self._before)
        self._before, self._speaking, self._count = [], True, 0
        return [Passage(samples, first + BLOCK - len(samples), ends=False)]
