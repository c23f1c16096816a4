"""Run live: a thread a source, a thread a front end, and the caller's own thread for the steps.

    source thread --Frame--> latest slot --> vision thread --\
                  --Chunk--> queue ------> audio thread ------> recogniser <-- step (caller)
                        \\--> queue ------> speech-to-text ----/

Nobody waits for a model but its own thread. What cannot be worked off in time is dropped before the
work, oldest first, and counted with its cause.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from edge.asr import SpeechToText
from edge.channel import BoundedQueue, LatestSlot
from edge.clock import Clock
from edge.errors import EdgeError
from edge.feed import Feed
from edge.recognizer import Recognizer
from edge.telemetry import Telemetry
from edge.types import NS_PER_S, Chunk, Frame
from edge.verdict import Verdict

JOIN_S = 0.5
"""A worker finishes its packet in a few ms; one that does not by then is left behind (a daemon)."""
AUDIO_QUEUE = 250
"""5 s of 20-ms chunks: a stall longer than that is better dropped than answered."""
ASR_QUEUE = 1500
"""30 s: words may come late, but a lost chunk breaks a sentence."""


class Live:
    """One live run. Built, iterated once, and stopped from any thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        feeds: list[Feed],
        asr: SpeechToText | None,
        clock: Clock,
        telemetry: Telemetry,
        stop: threading.Event,
    ) -> None:
        self._recognizer = recognizer
        self._feeds = feeds
        self._asr = asr
        self._clock = clock
        self._telemetry = telemetry
        self._stop = stop
        waits = any(feed.lossless for feed in feeds if "vision" in feed.streams)
        self._frames: LatestSlot[Frame] | BoundedQueue[Frame] = (
            BoundedQueue(8, "block") if waits else LatestSlot()
        )
        waits = any(feed.lossless for feed in feeds if "audio" in feed.streams)
        self._chunks: BoundedQueue[Chunk] = BoundedQueue(
            AUDIO_QUEUE, "block" if waits else "drop_oldest"
        )
        self._speech: BoundedQueue[Chunk] = BoundedQueue(ASR_QUEUE, "drop_oldest")
        self._reading = len(feeds)
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def verdicts(
        self,
        seconds: float | None = None,
        phase: Callable[[int], dict[str, Any] | None] = lambda t_ns: None,
    ) -> Generator[Verdict, None, None]:
        """Yield a verdict a step until the sources end, `seconds` have passed or `stop` is set.

        The sources must be open. Everything started here has ended when the iterator ends.

        Raises:
            EdgeError: every source is gone, or a worker failed; the message says which.
        """
        threads = self._threads()
        step_ns = self._recognizer.step_ns
        start_ns = self._clock.now_ns()
        limit_ns = None if seconds is None else start_ns + round(seconds * NS_PER_S)
        end_ns = start_ns + step_ns
        try:
            for thread in threads:
                thread.start()
            while limit_ns is None or end_ns <= limit_ns:
                if not self._clock.wait_until(end_ns, self._stop):
                    break
                ended = self._reading == 0
                yield self._recognizer.step(end_ns, end_ns, phase(end_ns))
                if ended or self._failure is not None:
                    break
                end_ns = self._next(end_ns)
        finally:
            self._shut(threads)
        if self._failure is not None:
            raise self._failure

    def _next(self, end_ns: int) -> int:
        """The next window's end; after a stall of a whole window the missed steps are left out."""
        step_ns = self._recognizer.step_ns
        late_ns = self._clock.now_ns() - end_ns
        if late_ns <= self._recognizer.duration_ns:
            return end_ns + step_ns
        missed = late_ns // step_ns
        self._telemetry.drop("steps", "the step thread stood still", missed)
        return end_ns + (missed + 1) * step_ns

    def _threads(self) -> list[threading.Thread]:
        workers: list[tuple[str, Callable[[], None]]] = []
        for feed in self._feeds:
            workers.append((f"read {feed.source.name}", partial(self._read, feed)))
        workers.append(("vision", self._see))
        workers.append(("audio", self._hear))
        if self._asr is not None:
            workers.append(("speech-to-text", self._transcribe))
        return [
            threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            for name, work in workers
        ]

    def _guarded(self, work: Callable[[], None]) -> None:
        """A worker's death reaches the step thread, which ends the run and raises it."""
        try:
            work()
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error

    def _read(self, feed: Feed) -> None:
        """Source thread: stamp-to-channel, no work."""
        lost = False
        try:
            for packet in feed.packets():
                if isinstance(packet, Frame):
                    self._frames.put(packet)
                else:
                    self._chunks.put(packet)
                    if self._asr is not None:
                        self._speech.put(packet)
        except EdgeError as error:
            lost = True
            self._telemetry.note(str(error))
            if self._reading == 1:
                raise
        finally:
            with self._lock:
                self._reading -= 1
            for name in feed.streams if lost else ():
                self._recognizer.links[name] = "lost"
                if name == "audio" and self._recognizer.links["text"] == "up":
                    self._recognizer.links["text"] = "lost"

    def _see(self) -> None:
        while (frame := self._frames.get()) is not None:
            self._recognizer.see(frame)

    def _hear(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            self._recognizer.hear(chunk)

    def _transcribe(self) -> None:
        assert self._asr is not None
        while (chunk := self._speech.get()) is not None:
            self._recognizer.read(self._asr.accept(chunk), chunk.end_ns)

    def _shut(self, threads: list[threading.Thread]) -> None:
        for feed in self._feeds:
            feed.source.close()
        for channel in (self._frames, self._chunks, self._speech):
            channel.close()
        for thread in threads:
            if thread.ident is not None:
                thread.join(JOIN_S)
        for what, channel in (
            ("frames", self._frames),
            ("audio chunks", self._chunks),
            ("speech-to-text chunks", self._speech),
        ):
            for cause, count in channel.drops.items():
                self._telemetry.drop(what, cause, count)
