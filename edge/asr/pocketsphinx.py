"""pocketsphinx: its English model is included in its package, so it is always available.

It takes 0.1 of real time on one core. The word error rate is 0.00-0.02 on flite's voices and far
worse on people. So its confidences are passed on, and its words are one stream that the gate may
drop.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from edge.asr.base import CaptureTime, pcm16
from edge.asr.endpoint import Endpointer, Passage
from edge.asr.stability import Stability, shown
from edge.errors import AsrError
from edge.types import Chunk, Utterance, Word

RATE_HZ = 16_000
FRAME = RATE_HZ // 100
PARTIAL_EVERY = round(0.3 * RATE_HZ)
"""Samples of speech between two queries of the partial words. A query costs 2 ms."""
LONGEST = 10 * RATE_HZ
"""Speech without a pause is finalised every 10 s: the final pass grows with the utterance."""

SEARCH: dict[str, Any] = {"maxhmmpf": 3000, "fwdflat": False}
"""At most 3,000 active models a frame (30,000 by default), and no second pass over an utterance at
its end: half of the time, worse on read and better on acted speech (docs/asr.md)."""

_FILLER = re.compile(r"^(<.*>|\[.*\]|\+\+.*\+\+)$")
_ALTERNATE = re.compile(r"\(\d+\)$")


class PocketSphinx:
    """Streams utterances; see `edge.asr.base.SpeechToText`."""

    def __init__(self) -> None:
        try:
            import pocketsphinx

            self._decoder = pocketsphinx.Decoder(loglevel="FATAL", samprate=RATE_HZ, **SEARCH)
        except (ImportError, RuntimeError, ValueError) as error:
            raise AsrError(
                f"pocketsphinx could not be started ({error}): run `pip install pocketsphinx`,"
                " or set --set asr.engine=none."
            ) from error
        self.name = f"pocketsphinx {getattr(pocketsphinx, '__version__', '')} en-us".replace(
            "  ", " "
        )
        self._decoding = False
        self._begin()

    def restart(self) -> None:
        """Be as newly opened, for other sound. Takes 0.1 s; loading the model takes 0.5 s more."""
        if self._decoding:
            self._decoder.end_utt()
            self._decoding = False
        # The decoder adapts itself to a voice: without this, words depend on earlier sound.
        self._decoder.reinit_feat()
        self._begin()

    def _begin(self) -> None:
        self._endpointer = Endpointer()
        self._time = CaptureTime()
        self._next_sample: int | None = None
        self._index = 0
        self._first = 0
        self._decoded = 0
        self._queried = 0
        self._stability = Stability()
        self._last: tuple[tuple[str, int], ...] = ()

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Like `SpeechToText.accept`. 16 kHz mono."""
        changed: list[Utterance] = []
        broken = chunk.gap is not None or chunk.first_sample != self._next_sample
        if broken and self._next_sample is not None:
            changed += self._end()
            self._endpointer.reset()
        self._next_sample = chunk.first_sample + len(chunk.samples)
        self._time.anchor(chunk, self._endpointer.position)
        for passage in self._endpointer.take(chunk.samples):
            changed += self._decode(passage)
        return changed

    def finish(self) -> list[Utterance]:
        """Like `SpeechToText.finish`."""
        return self._end()

    def _decode(self, passage: Passage) -> list[Utterance]:
        if not self._decoding:
            self._decoder.start_utt()
            self._decoding = True
            self._first, self._decoded, self._queried, self._last = passage.first, 0, 0, ()
            self._stability.reset()
        self._decoder.process_raw(pcm16(passage.samples), False, False)
        self._decoded += len(passage.samples)
        if passage.ends or self._decoded >= LONGEST:
            return self._end()
        if self._decoded - self._queried < PARTIAL_EVERY:
            return []
        self._queried = self._decoded
        words = self._stability.judge(self._words(), self._heard_ns())
        if shown(words) == self._last:
            return []
        self._last = shown(words)
        return [Utterance(self._index, words, final=False, heard_ns=self._heard_ns())]

    def _end(self) -> list[Utterance]:
        if not self._decoding:
            return []
        self._decoding = False
        self._decoder.end_utt()
        words = self._words()
        utterance = Utterance(self._index, words, final=True, heard_ns=self._heard_ns())
        self._index += 1
        return [utterance] if words or self._last else []

    def _words(self) -> tuple[Word, ...]:
        words = []
        for segment in self._decoder.seg() or ():
            if _FILLER.match(segment.word):
                continue
            # Frames are 10 ms long, and the end frame belongs to the word. `prob` is linear.
            start = self._first + segment.start_frame * FRAME
            end = self._first + (segment.end_frame + 1) * FRAME
            text = _ALTERNATE.sub("", segment.word)
            sure = float(np.clip(segment.prob, 0.0, 1.0))  # 1 for each before the final pass
            words.append(Word(text, self._time.at(start), self._time.at(end), sure))
        return tuple(words)

    def _heard_ns(self) -> int:
        return self._time.at(self._first + self._decoded)
