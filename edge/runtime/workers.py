"""The workers of a live run: each runs one model, on its own thread, and blocks no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from edge.channel import BoundedQueue, LatestSlot
from edge.errors import first_line
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.channels import CHUNKS, FRAMES, RUN_ENDED, SPEECH, Channels
from edge.runtime.decimation import Decimation
from edge.runtime.duty_cycle import DutyCycle
from edge.runtime.telemetry import Telemetry
from edge.runtime.transcriber import Transcriber
from edge.scheduling import lower_priority_of_worker
from edge.types import Chunk, Frame

T = TypeVar("T")


class Workers:
    """Vision, audio and speech-to-text.

    Args:
        recognizer: Takes what the workers take from the channels.
        channels: What waits for them.
        telemetry: Counts what they pass over or fail to process.
        over: When it is set, each worker ends after its packet.
        lossless: Whether every packet is processed, as of a file.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        channels: Channels,
        telemetry: Telemetry,
        over: threading.Event,
        lossless: bool,
    ) -> None:
        self._recognizer = recognizer
        self._channels = channels
        self._telemetry = telemetry
        self._over = over
        self._lossless = lossless
        self._decimation = Decimation()
        self._duty_cycle = DutyCycle()
        self._working = 0
        self._when_done: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def jobs(self, transcriber: Transcriber | None) -> dict[str, Callable[[], None]]:
        """What each thread does, by its name.

        The transcriber is kept by its job alone, so that its 60 MiB of models go with the thread.
        """
        see = partial(self._work, FRAMES, self._channels.frames, self._accept_frame)
        hear = partial(self._work, CHUNKS, self._channels.chunks, self._accept_chunk)
        jobs: dict[str, Callable[[], None]] = {"vision": see, "audio": hear}
        if transcriber is not None:
            jobs["speech-to-text"] = partial(self._transcribe, transcriber)
        return jobs

    def update(self, verdicts: Sequence[Verdict]) -> None:
        """Take note of the streams that the gate has closed: they are only probed. Step thread."""
        self._decimation.update(*verdicts)

    def when_done(self, free: Callable[[], None]) -> None:
        """Call `free` once no worker runs a front end or an encoder: now, or on the last of them.

        Call after `over` was set. Any thread.
        """
        with self._lock:
            if self._working:
                self._when_done = free
                return
        free()

    def count_passed_over(self) -> None:
        """Count the sound of closed streams. Call once, when the run is over."""
        if passed := self._duty_cycle.passed_over:
            self._telemetry.drop(CHUNKS, "the stream is dropped and only probed", passed)

    def _work(
        self,
        what: str,
        channel: LatestSlot[T] | BoundedQueue[T],
        work: Callable[[T], object],
    ) -> None:
        """Vision and audio threads. A packet that fails is counted; the stream continues."""
        with self._lock:
            self._working += 1
        lower_priority_of_worker()
        try:
            while (packet := self._next(what, channel)) is not None:
                try:
                    work(packet)
                except Exception as error:  # front ends and engines call third-party libraries
                    self._telemetry.drop(what, "processing failed")
                    self._telemetry.note(f"Processing of {what} failed: {first_line(error)}")
        finally:
            self._leave()

    def _next(self, what: str, channel: LatestSlot[T] | BoundedQueue[T]) -> T | None:
        """The next packet to work on; None when there is none or the run is over."""
        packet = channel.get()
        if packet is None or not self._over.is_set():
            return packet
        self._telemetry.drop(what, RUN_ENDED)
        return None

    def _leave(self) -> None:
        """A vision or audio thread ends; the last one of an ended run frees what both used."""
        with self._lock:
            self._working -= 1
            free = None if self._working else self._when_done
        if free is not None:
            free()

    def _accept_frame(self, frame: Frame) -> None:
        if not self._lossless and self._decimation.skips("vision", frame.t_ns):
            self._telemetry.drop(FRAMES, "the stream is dropped and only probed")
            self._recognizer.skip_frame(frame)
        else:
            self._recognizer.accept_frame(frame)

    def _accept_chunk(self, chunk: Chunk) -> None:
        closed = not self._lossless and self._decimation.closed("audio")
        heard = self._duty_cycle.heard(chunk, closed)
        for one in heard:
            self._recognizer.accept_chunk(one)
        if not heard and self._duty_cycle.keep_alive(chunk.t_ns):
            self._recognizer.heartbeat("audio", chunk.end_ns)

    def _transcribe(self, transcriber: Transcriber) -> None:
        lower_priority_of_worker()
        heard_ns: int | None = None
        speech = self._channels.speech
        while (chunk := self._next(SPEECH, speech)) is not None:
            heard_ns = chunk.end_ns
            self._recognizer.accept_utterances(transcriber.accept(chunk), heard_ns)
        if self._lossless and heard_ns is not None and not self._over.is_set():
            self._recognizer.accept_utterances(transcriber.finish(), heard_ns)
