"""Live run: one thread for each source and front end; the steps run on the caller's thread.

    source thread --Frame--> latest slot --> vision thread --\
                  --Chunk--> queue ------> audio thread ------> recogniser <-- step (caller)
                        \\--> queue ------> speech-to-text ----/

Each model is run by its own thread and blocks no other. Packets that cannot be processed in time
are dropped, oldest first, and counted by cause. A lost device is reopened with back-off. A packet
whose processing fails is counted and reported. The run continues meanwhile, and the verdict states
the reason.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TypeVar

from edge.asr import SpeechToText
from edge.channel import BoundedQueue, LatestSlot
from edge.clock import Clock
from edge.errors import first_line
from edge.recognition.availability import Link
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.decimation import Decimation
from edge.runtime.duty_cycle import DutyCycle
from edge.runtime.feed import Feed
from edge.runtime.telemetry import Telemetry
from edge.runtime.transcriber import Transcriber
from edge.scheduling import lower_priority, step_priority
from edge.types import NS_PER_S, Chunk, Frame, PhaseAt

JOIN_S = 0.5
"""A worker finishes its packet in a few ms. One that does not is abandoned (a daemon thread); what
it uses is freed when it ends (`Live.when_done`)."""
AUDIO_QUEUE = 250
"""5 s of 20-ms chunks. After a longer stall it is better to drop sound than to process it late."""
ASR_QUEUE = 1500
"""30 s. Words may be late, but a lost chunk damages a sentence."""

T = TypeVar("T")


class Live:
    """One live run. It is iterated once, and may be stopped from any thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        feeds: list[Feed],
        asr: SpeechToText | None,
        reopen_asr: Callable[[], SpeechToText | None],
        clock: Clock,
        telemetry: Telemetry,
        stop: threading.Event,
    ) -> None:
        self._recognizer = recognizer
        self._feeds = feeds
        self._clock = clock
        self._telemetry = telemetry
        self._stop = stop
        waits = any(feed.lossless for feed in feeds if "vision" in feed.streams)
        self._frames: LatestSlot[Frame] | BoundedQueue[Frame] = (
            BoundedQueue(8, "block", clock) if waits else LatestSlot(clock)
        )
        waits = any(feed.lossless for feed in feeds if "audio" in feed.streams)
        self._chunks: BoundedQueue[Chunk] = BoundedQueue(
            AUDIO_QUEUE, "block" if waits else "drop_oldest", clock
        )
        self._speech: BoundedQueue[Chunk] = BoundedQueue(
            ASR_QUEUE, "block" if waits else "drop_oldest", clock
        )
        self._decimation = Decimation()
        self._duty_cycle = DutyCycle()
        self._lossless = any(feed.lossless for feed in feeds)
        # A file ends the run though a camera beside it would go on.
        self._reading = sum(feed.lossless for feed in feeds) or len(feeds)
        self._working = 0
        self._when_done: Callable[[], None] | None = None
        self._over = threading.Event()
        self._asr_is_down = False
        self._failure: BaseException | None = None
        self._transcriber = (
            None
            if asr is None
            else Transcriber(asr, reopen_asr, clock, self._on_asr_lost, self._on_asr_back)
        )
        self._lock = threading.Lock()
        telemetry.watch("frames", self._frames)
        telemetry.watch("audio chunks", self._chunks)
        telemetry.watch("speech-to-text chunks", self._speech)

    def verdicts(
        self,
        seconds: float | None = None,
        phase_at: PhaseAt = lambda t_ns: None,
    ) -> Generator[Verdict, None, None]:
        """Yield a verdict a step until the sources end, `seconds` have passed or `stop` is set.

        Where files are among the sources, the run ends with the last file. The sources must be
        open. The threads started here have ended when the iterator ends, or are abandoned.

        Raises:
            SourceError: A file failed. A lost device is reopened instead.
        """
        with step_priority():
            yield from self._stepping(seconds, phase_at)
        if self._failure is not None:
            raise self._failure

    def _stepping(self, seconds: float | None, phase_at: PhaseAt) -> Generator[Verdict, None, None]:
        readers, workers = self._readers(), self._workers()
        step_ns = self._recognizer.step_ns
        start_ns = self._clock.now_ns()
        self._recognizer.set_origin(start_ns, is_media=False)
        limit_ns = None if seconds is None else start_ns + round(seconds * NS_PER_S)
        end_ns = start_ns + step_ns
        self._clock.add_thread()  # this one
        try:
            for thread in (*readers, *workers):
                self._clock.add_thread()
                thread.start()
            while limit_ns is None or end_ns <= limit_ns:
                if not self._clock.wait_until(end_ns, self._stop):
                    break
                ended = self._reading == 0
                if ended and self._lossless:
                    self._drain(workers)
                verdict = self._recognizer.step(end_ns, end_ns, phase_at(end_ns))
                self._decimation.update(verdict)
                yield verdict
                if ended or self._failure is not None:
                    break
                end_ns = self._next(end_ns)
        finally:
            self._clock.remove_thread()
            self._shut((*readers, *workers))

    def when_done(self, free: Callable[[], None]) -> None:
        """Call `free` once no thread runs a front end or an encoder: now, or on the last of them.

        Call after the iterator of `verdicts` has ended. Any thread.
        """
        with self._lock:
            if self._working:
                self._when_done = free
                return
        free()

    def _drain(self, workers: list[threading.Thread]) -> None:
        """Process everything still queued before the last step, once the files have ended."""
        self._close_inputs()
        self._clock.remove_thread()  # this thread waits for the others, not for a time
        for thread in workers:
            while thread.is_alive() and not self._stop.is_set():
                thread.join(0.1)
        self._clock.add_thread()

    def _next(self, end_ns: int) -> int:
        """The next window's end. After a stall of a whole window the missed steps are skipped."""
        step_ns = self._recognizer.step_ns
        late_ns = self._clock.now_ns() - end_ns
        if late_ns <= self._recognizer.duration_ns:
            return end_ns + step_ns
        missed = late_ns // step_ns
        self._telemetry.drop("steps", "the step thread stalled", missed)
        return end_ns + (missed + 1) * step_ns

    def _readers(self) -> list[threading.Thread]:
        return [
            self._thread(f"read {feed.source.name}", partial(self._read, feed))
            for feed in self._feeds
        ]

    def _workers(self) -> list[threading.Thread]:
        see = partial(self._work, "frames", self._frames, self._accept_frame)
        hear = partial(self._work, "audio chunks", self._chunks, self._accept_chunk)
        workers = [self._thread("vision", see), self._thread("audio", hear)]
        if self._transcriber is not None:
            workers.append(self._thread("speech-to-text", self._transcribe))
        return workers

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Pass a thread's exception to the step thread, which ends the run and raises it."""
        try:
            work()
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
        finally:
            self._clock.remove_thread()

    def _read(self, feed: Feed) -> None:
        """Source thread: moves packets from the source to the channels."""
        begun = False
        try:
            for packet in feed.packets_with_retry(
                self._clock, partial(self._on_lost, feed), partial(self._on_back, feed)
            ):
                if feed.lossless and not begun:  # the first packet is the beginning of the file
                    begun = True
                    self._recognizer.set_origin(packet.t_ns, is_media=True)
                if isinstance(packet, Frame):
                    self._frames.put(packet)
                else:
                    self._chunks.put(packet)
                    if self._transcriber is not None:
                        self._speech.put(packet)
        finally:
            if feed.lossless or not self._lossless:
                with self._lock:
                    self._reading -= 1

    def _on_lost(self, feed: Feed, sentence: str) -> None:
        self._telemetry.note(sentence)
        self._set_links(feed, "lost")

    def _on_back(self, feed: Feed) -> None:
        self._telemetry.note(f"{feed.source.name} is back.")
        self._set_links(feed, "up")

    def _set_links(self, feed: Feed, link: Link) -> None:
        recognizer = self._recognizer
        for name in feed.streams & feed.source.streams:
            recognizer.set_link(name, link)
            if name == "audio" and recognizer.links["text"] != "off":
                recognizer.set_link("text", "lost" if self._asr_is_down else link)

    def _work(
        self,
        what: str,
        channel: LatestSlot[T] | BoundedQueue[T],
        work: Callable[[T], object],
    ) -> None:
        """Vision and audio threads. A packet that fails is counted; the stream continues."""
        with self._lock:
            self._working += 1
        lower_priority()
        try:
            while (packet := channel.get()) is not None and not self._over.is_set():
                try:
                    work(packet)
                except Exception as error:  # front ends and engines call third-party libraries
                    self._telemetry.drop(what, "processing failed")
                    self._telemetry.note(f"Processing of {what} failed: {first_line(error)}")
        finally:
            self._leave()

    def _leave(self) -> None:
        """A vision or audio thread ends; the last one of an ended run frees what both used."""
        with self._lock:
            self._working -= 1
            free = None if self._working else self._when_done
        if free is not None:
            free()

    def _accept_frame(self, frame: Frame) -> None:
        if not self._lossless and self._decimation.skips("vision", frame.t_ns):
            self._telemetry.drop("frames", "the stream is dropped and only probed")
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

    def _transcribe(self) -> None:
        transcriber = self._transcriber
        assert transcriber is not None
        lower_priority()
        heard_ns: int | None = None
        while (chunk := self._speech.get()) is not None and not self._over.is_set():
            heard_ns = chunk.end_ns
            self._recognizer.accept_utterances(transcriber.accept(chunk), heard_ns)
        if self._lossless and heard_ns is not None and not self._over.is_set():
            self._recognizer.accept_utterances(transcriber.finish(), heard_ns)

    def _on_asr_lost(self, error: Exception) -> None:
        self._telemetry.note(f"Speech-to-text failed and is restarted: {first_line(error)}")
        self._asr_is_down = True
        self._recognizer.set_link("text", "lost")

    def _on_asr_back(self) -> None:
        self._telemetry.note("Speech-to-text is back.")
        self._asr_is_down = False
        self._recognizer.set_link("text", self._recognizer.links["audio"])

    def _close_inputs(self) -> None:
        for channel in (self._frames, self._chunks, self._speech):
            channel.close()
        for feed in self._feeds:
            feed.close()

    def _shut(self, threads: Iterable[threading.Thread]) -> None:
        self._over.set()
        self._close_inputs()
        for thread in threads:
            if thread.ident is not None:
                thread.join(JOIN_S)
        if passed := self._duty_cycle.passed_over:
            self._telemetry.drop("audio chunks", "the stream is dropped and only probed", passed)
        # The transcriber and this object refer to each other. Without this line, 60 MiB of models
        # would stay in memory until the garbage collector runs.
        self._transcriber = None
        self._telemetry.settle()
