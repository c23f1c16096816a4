"""A speech recogniser in a separate process, for live runs.

pocketsphinx holds the GIL while it decodes: 25 ms at p95, 0.5 s at the end of a long utterance
(measured). No other thread runs in that time. A separate process has its own GIL, and a crash in it
does not end the run. A process that hangs is killed by a watchdog (`watchdog.py`). Vosk lets other
threads run, but may hang or crash, too.

Messages go through the child's standard input and output: a chunk is a fixed header and float32
samples, an answer is a length and JSON. No pickle.
"""

from __future__ import annotations

import json
import struct
import subprocess
import weakref
from typing import IO, Any

import numpy as np

from edge.asr.watchdog import Watchdog
from edge.errors import AsrError
from edge.processes import start_module
from edge.types import Chunk, Utterance, Word

CHUNK = struct.Struct("<qqII?")
"""t_ns, first_sample, rate_hz, number of samples, whether sound was lost before it."""
ANSWER = struct.Struct("<I")
LIMIT_S = 10.0
"""The end of a long utterance takes 0.5 s, and a loaded machine some times that."""
LOAD_LIMIT_S = 60.0
"""pocketsphinx loads in 0.4 s; a cold or loaded machine may take many times that."""
MAX_ANSWER_BYTES = 2**20
MAX_SAMPLES = 2**20
FINISH = 0xFFFFFFFF
"""A number of samples that marks the end of the sound."""


class AsrProcess:
    """A recogniser in `edge.asr.child`, behind the same interface. One thread."""

    def __init__(
        self,
        engine: str = "pocketsphinx",
        limit_s: float = LIMIT_S,
        load_limit_s: float = LOAD_LIMIT_S,
        model: str | None = None,
    ) -> None:
        """Start the process and wait until its model is loaded.

        Args:
            engine: As for `open_asr`.
            limit_s: After so long without an answer to some sound the process is killed.
            load_limit_s: After so long without a loaded model it is killed.
            model: As for `open_asr`.

        Raises:
            AsrError: It could not be started, it hangs, or it reports an error.
        """
        process = start_module("edge.asr.child", engine, *([] if model is None else [model]))
        assert process.stdin is not None and process.stdout is not None
        self._to, self._from = process.stdin, process.stdout
        self._limit_s = limit_s
        self._watchdog = Watchdog(process)
        self._finalizer = weakref.finalize(self, _end, process, self._watchdog)
        try:
            with self._watchdog.within(load_limit_s):
                hello = self._answer()
        except AsrError:
            sentence = (
                f"The process of speech-to-text has loaded nothing for {load_limit_s:g} s."
                if self._watchdog.killed
                else "The process of speech-to-text could not be started: run again."
            )
            hello = {"error": sentence}
        if "error" in hello:
            self.close()
            raise AsrError(str(hello["error"]))
        self.name = str(hello["name"])

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Like `SpeechToText.accept`. Waits for the child without holding the GIL."""
        header = CHUNK.pack(
            chunk.t_ns,
            chunk.first_sample,
            chunk.rate_hz,
            len(chunk.samples),
            chunk.gap is not None,
        )
        return self._ask(header + np.ascontiguousarray(chunk.samples, "<f4").tobytes())

    def finish(self) -> list[Utterance]:
        """Like `SpeechToText.finish`."""
        return self._ask(CHUNK.pack(0, 0, 1, FINISH, False))

    def close(self) -> None:
        """End the process. This also happens when the last reference is dropped."""
        self._finalizer()

    def _ask(self, message: bytes) -> list[Utterance]:
        with self._watchdog.within(self._limit_s):
            try:
                self._to.write(message)
                self._to.flush()
            except (OSError, ValueError) as error:
                raise self._gone() from error
            answer = self._answer()
        return [_utterance(item) for item in answer["utterances"]]

    def _answer(self) -> dict[str, Any]:
        try:
            head = self._from.read(ANSWER.size)
            size = ANSWER.unpack(head)[0] if len(head) == ANSWER.size else MAX_ANSWER_BYTES + 1
            body = self._from.read(size) if size <= MAX_ANSWER_BYTES else b""
            answer: dict[str, Any] = json.loads(body)
        except (OSError, ValueError) as error:
            raise self._gone() from error
        return answer

    def _gone(self) -> AsrError:
        if self._watchdog.killed:
            return AsrError(
                f"The process of speech-to-text did not answer for {self._limit_s:g} s."
            )
        return AsrError("The process of speech-to-text has ended.")


def write_answer(out: IO[bytes], answer: dict[str, object]) -> None:
    """The child's counterpart of `_answer`."""
    body = json.dumps(answer).encode()
    out.write(ANSWER.pack(len(body)) + body)
    out.flush()


def plain(utterance: Utterance) -> dict[str, object]:
    """An utterance as plain JSON."""
    words = [[word.text, word.start_ns, word.end_ns, word.confidence] for word in utterance.words]
    return {
        "index": utterance.index,
        "words": words,
        "final": utterance.final,
        "heard_ns": utterance.heard_ns,
    }


def _utterance(item: dict[str, Any]) -> Utterance:
    words = tuple(Word(*word) for word in item["words"])
    return Utterance(item["index"], words, item["final"], item["heard_ns"])


def _end(process: subprocess.Popen[bytes], watchdog: Watchdog) -> None:
    watchdog.end()
    # Kill first: a pipe cannot be closed while another thread waits for a child that hangs.
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:  # the rest of the buffer has no reader
            continue
