"""sherpa-onnx with a streaming transducer (zipformer, LSTM, ...) of the user's own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from edge.asr.base import CaptureTime
from edge.asr.sherpa_files import sherpa_files
from edge.asr.stability import Stability, shown
from edge.errors import AsrError, first_line
from edge.types import Chunk, Float, Utterance, Word

RATE_HZ = 16_000
SILENCE_END_S = 0.8
"""An utterance with words ends so long after its last token, one without words after the longer
time. sherpa-onnx looks at tokens, not at the level of the sound."""
EMPTY_END_S = 2.4
LONGEST_S = 10.0
"""Speech without a pause is final so often, as with pocketsphinx."""
TAIL_S = 0.66
"""Silence after the last sound, which the encoder's look-ahead needs; sherpa-onnx's own value."""
WORD_TAIL_S = 0.24
"""A token has the time at which it begins. A word's last one lasts at most so long."""
WORD_BEGINS = (" ", "▁")


class Sherpa:
    """Streams utterances; see `edge.asr.base.SpeechToText`."""

    def __init__(self, folder: str) -> None:
        """Load the model in `folder`: tokens.txt, encoder*.onnx, decoder*.onnx, joiner*.onnx.

        Raises:
            AsrError: The package or a file is missing, or a file cannot be used.
        """
        try:
            import sherpa_onnx
        except ImportError as error:
            raise AsrError(
                f"The package sherpa-onnx cannot be imported ({first_line(error)}): run"
                " `pip install 'cdat-edge[sherpa]'`."
            ) from error
        place = Path(folder)
        files = sherpa_files(place)
        try:
            self._recognizer: Any = sherpa_onnx.OnlineRecognizer.from_transducer(
                tokens=files.tokens,
                encoder=files.encoder,
                decoder=files.decoder,
                joiner=files.joiner,
                num_threads=1,
                enable_endpoint_detection=True,
                rule1_min_trailing_silence=EMPTY_END_S,
                rule2_min_trailing_silence=SILENCE_END_S,
                rule3_min_utterance_length=LONGEST_S,
            )
        except RuntimeError as error:
            raise AsrError(f"{place} cannot be loaded ({first_line(error)}).") from error
        self.name = f"sherpa-onnx {place.resolve().name}"
        self.restart()

    def restart(self) -> None:
        """Be as newly opened, for other sound, without loading the model again."""
        self._time = CaptureTime()
        self._next_sample: int | None = None
        self._position = 0
        self._index = 0
        self._stability = Stability()
        self._last: tuple[tuple[str, int], ...] = ()
        self._begin_stream()

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Like `SpeechToText.accept`. 16 kHz mono."""
        changed: list[Utterance] = []
        broken = chunk.gap is not None or chunk.first_sample != self._next_sample
        if broken and self._next_sample is not None:
            changed += self.finish()
        self._next_sample = chunk.first_sample + len(chunk.samples)
        self._time.anchor(chunk, self._position)
        self._position += len(chunk.samples)
        self._decode(chunk.samples)
        if self._recognizer.is_endpoint(self._stream):
            changed += self._final()
            self._recognizer.reset(self._stream)
            return changed
        words = self._stability.judge(self._words(), chunk.end_ns)
        if shown(words) == self._last:
            return changed
        self._last = shown(words)
        return [*changed, Utterance(self._index, words, final=False, heard_ns=chunk.end_ns)]

    def finish(self) -> list[Utterance]:
        """Like `SpeechToText.finish`."""
        self._decode(np.zeros(round(TAIL_S * RATE_HZ), np.float32))
        final = self._final()
        self._begin_stream()
        return final

    def _begin_stream(self) -> None:
        self._stream = self._recognizer.create_stream()
        self._stream_begin = self._position
        self._last = ()

    def _decode(self, samples: Float) -> None:
        finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        self._stream.accept_waveform(RATE_HZ, np.clip(finite, -1.0, 1.0))
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)

    def _final(self) -> list[Utterance]:
        words = self._words()
        self._stability.reset()
        # A partial result that turns out to be empty must be withdrawn.
        if not words and not self._last:
            return []
        utterance = Utterance(
            self._index, words, final=True, heard_ns=self._time.at(self._position)
        )
        self._index, self._last = self._index + 1, ()
        return [utterance]

    def _words(self) -> tuple[Word, ...]:
        result = self._recognizer.get_result_all(self._stream)
        parts = list(zip(result.tokens, result.timestamps, result.ys_probs, strict=False))
        # Chinese, Japanese and Korean models write no spaces: each token is a word then.
        spaced = any(token.startswith(WORD_BEGINS) for token, _, _ in parts)
        groups: list[list[tuple[str, float, float]]] = []
        for part in parts:
            if not spaced or not groups or part[0].startswith(WORD_BEGINS):
                groups.append([])
            groups[-1].append(part)
        words = []
        for number, group in enumerate(groups):
            text = "".join(token for token, _, _ in group).strip("".join(WORD_BEGINS))
            end_s = group[-1][1] + WORD_TAIL_S
            if number + 1 < len(groups):
                end_s = min(end_s, groups[number + 1][0][1])
            sure = math.exp(sum(log for _, _, log in group) / len(group))
            if text:
                start_ns = self._at(result.start_time + group[0][1])
                end_ns = min(self._at(result.start_time + end_s), self._time.at(self._position))
                words.append(Word(text, start_ns, max(start_ns, end_ns), min(sure, 1.0)))
        return tuple(words)

    def _at(self, stream_s: float) -> int:
        return self._time.at(self._stream_begin + stream_s * RATE_HZ)
