"""Vosk, used if a model is found. Its final results come 1.5-2.5 s late (1.7-1.9 measured, with the
model of docs/asr.md), partial ones earlier."""

from __future__ import annotations

import ctypes
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.asr.base import UNKNOWN_CONFIDENCE, CaptureTime, pcm16
from edge.asr.stability import Stability, shown
from edge.asr.vosk_download import download_model
from edge.asr.vosk_models import find_model, is_place
from edge.errors import AsrError
from edge.standard_streams import silent_stderr
from edge.types import Chunk, Utterance, Word

RATE_HZ = 16_000


_FILLER = re.compile(r"^(<.*>|\[.*\])$")
"""Noise and unknown words: "[unk]", "<UNK>", and "[3]" of the Korean model."""


class Vosk:
    """Streams utterances; see `edge.asr.base.SpeechToText`."""

    def __init__(self, model: str) -> None:
        """Load `model`: a folder, a name, a package or the URL of a zip; see `vosk_models`.

        Raises:
            AsrError: The model does not exist, or the package vosk is missing.
        """
        try:
            import vosk
        except ImportError as error:
            raise AsrError(
                f"A Vosk model was requested, but the package cannot be imported ({error}):"
                " run `pip install vosk`."
            ) from error
        vosk.SetLogLevel(-1)
        self._model = _load(vosk, model)
        self._start(vosk.KaldiRecognizer, self._model)
        self.name = f"vosk {Path(model.partition('#')[0]).name}"

    def restart(self) -> None:
        """Be as newly opened, for other sound, without loading the model again."""
        self._start(type(self._recognizer), self._model)

    def _start(self, recognizer_type: Any, model: Any) -> None:
        self._recognizer = recognizer_type(model, RATE_HZ)
        self._recognizer.SetWords(True)
        self._recognizer.SetPartialWords(True)
        self._time = CaptureTime()
        self._next_sample: int | None = None
        self._position = 0
        self._index = 0
        self._stability = Stability()
        self._claims = False
        self._last: tuple[tuple[str, int], ...] = ()

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Like `SpeechToText.accept`. 16 kHz mono."""
        changed: list[Utterance] = []
        broken = chunk.gap is not None or chunk.first_sample != self._next_sample
        if broken and self._next_sample is not None:
            changed += self.finish()
            self._recognizer.Reset()
        self._next_sample = chunk.first_sample + len(chunk.samples)
        self._time.anchor(chunk, self._position)
        self._position += len(chunk.samples)
        _seed(self._position)
        if self._recognizer.AcceptWaveform(pcm16(chunk.samples)):
            return changed + self._final(self._recognizer.Result())
        partial = self._words(json.loads(self._recognizer.PartialResult()), "partial_result")
        words = self._judged(partial, chunk.end_ns)
        if shown(words) == self._last:
            return changed
        self._last = shown(words)
        return [*changed, Utterance(self._index, words, final=False, heard_ns=chunk.end_ns)]

    def finish(self) -> list[Utterance]:
        """Like `SpeechToText.finish`."""
        _seed(self._position)
        return self._final(self._recognizer.FinalResult())

    def _judged(self, words: tuple[Word, ...], heard_ns: int) -> tuple[Word, ...]:
        """Some models claim 1.0 for each partial word, right or wrong (vosk-api#655, #1191). Where
        one claims anything else, that tells better than stability which words survive."""
        judged = self._stability.judge(words, heard_ns)
        self._claims = self._claims or any(word.confidence < 1 for word in words)
        return words if self._claims else judged

    def _final(self, result: str) -> list[Utterance]:
        words = self._words(json.loads(result), "result")
        self._stability.reset()
        # A partial result that turns out to be empty must be withdrawn.
        if not words and not self._last:
            return []
        heard_ns = self._time.at(self._position)
        utterance = Utterance(self._index, words, final=True, heard_ns=heard_ns)
        self._index, self._last = self._index + 1, ()
        return [utterance]

    def _words(self, result: dict[str, Any], key: str) -> tuple[Word, ...]:
        return tuple(
            Word(
                str(item["word"]),
                self._time.at(float(item["start"]) * RATE_HZ),
                self._time.at(float(item["end"]) * RATE_HZ),
                float(item.get("conf", UNKNOWN_CONFIDENCE)),
            )
            for item in result.get(key, ())
            if not _FILLER.match(str(item["word"]))
        )


def _seed(position: int) -> None:
    """Let the same sound give the same words: Kaldi adds noise ("dither") from the C library's
    generator, which others in the process, such as a decoder of sound, draw from, too."""
    with suppress(OSError, TypeError, AttributeError):  # Windows has no such handle
        ctypes.CDLL(None).srand(position & 0x7FFFFFFF)


def _load(vosk: Any, model: str) -> Any:
    folder = find_model(model)
    if folder is None:
        if is_place(model) and "://" not in model:
            raise AsrError(
                f"There is no Vosk model at {model}: set asr.model to a folder or a name, such as"
                " vosk-model-small-en-us-0.15."
            )
        folder = download_model(model)
    try:
        with silent_stderr():
            return vosk.Model(model_path=str(folder))
    except Exception as error:  # "Failed to create a model": Vosk raises a plain Exception
        raise AsrError(
            f"{folder} is not a Vosk model: give the folder that contains its am/ and conf/."
        ) from error
