r"""Live run: one thread for each source and front end; the steps run on the caller's thread.

    source thread --Frame--> latest slot --> vision thread --\
                  --Chunk--> queue ------> audio thread ------> recogniser <-- step (caller)
                        \--> queue ------> speech-to-text ----/
       (here)           channels.py          workers.py                          (here)

Each model is run by its own thread and blocks no other. Packets that cannot be processed in time
are dropped, oldest first, and counted by cause; so are those that still wait when the run ends. A
lost device is reopened with back-off. A packet whose processing fails is counted and reported. The
run continues meanwhile, and the verdict states the reason.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from functools import partial

from edge.clock import Clock
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.channels import Channels
from edge.runtime.feed import Feed
from edge.runtime.links import Links
from edge.runtime.telemetry import SKIPPED, STALLED, Telemetry
from edge.runtime.transcriber import Transcriber
from edge.runtime.workers import Workers
from edge.scheduling import real_time, step_priority
from edge.types import NS_PER_S, PhaseAt

JOIN_S = 0.5
"""For all threads together: a worker finishes its packet in a few ms. Those that do not are
abandoned (daemon threads); what they use is freed when they end (`Live.when_done`)."""


class Live:
    """One live run. It is iterated once, and may be stopped from any thread."""

    def __init__(
        self,
        recognizer: Recognizer,
        feeds: list[Feed],
        links: Links,
        transcriber: Transcriber | None,
        clock: Clock,
        telemetry: Telemetry,
        stop: threading.Event,
    ) -> None:
        self._recognizer = recognizer
        self._feeds = feeds
        self._clock = clock
        self._telemetry = telemetry
        self._stop = stop
        self._lossless = any(feed.lossless for feed in feeds)
        # A file ends the run though a camera beside it would go on.
        self._reading = sum(feed.lossless for feed in feeds) or len(feeds)
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._links, self._transcriber = links, transcriber
        self._channels = Channels(feeds, clock, telemetry, transcribed=transcriber is not None)
        self._workers = Workers(recognizer, self._channels, telemetry, self._over, self._lossless)

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
        readers, workers = self._threads()
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
                with real_time():
                    if not self._clock.wait_until(end_ns, self._stop):
                        break
                    ended = self._reading == 0
                    if ended and self._lossless:
                        self._drain(workers)
                    verdicts = self._recognizer.steps(end_ns, end_ns, phase_at(end_ns))
                self._workers.update(verdicts)
                yield from verdicts
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
        self._workers.when_done(free)

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
        self._telemetry.drop(SKIPPED, STALLED, missed)
        self._telemetry.event("limit_hit", limit="window.duration_s", skipped=missed)
        return end_ns + (missed + 1) * step_ns

    def _threads(self) -> tuple[list[threading.Thread], list[threading.Thread]]:
        """The readers, and the workers."""
        readers = [
            self._thread(f"read {feed.source.name}", partial(self._read, feed))
            for feed in self._feeds
        ]
        jobs = self._workers.jobs(self._transcriber)
        self._transcriber = None  # its thread alone keeps it
        return readers, [self._thread(name, job) for name, job in jobs.items()]

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
                self._clock,
                partial(self._links.feed_lost, feed),
                partial(self._links.feed_back, feed),
            ):
                if feed.lossless and not begun:  # the first packet is the beginning of the file
                    begun = True
                    self._recognizer.set_origin(packet.t_ns, is_media=True)
                self._channels.put(packet)
        finally:
            if feed.lossless or not self._lossless:
                with self._lock:
                    self._reading -= 1

    def _close_inputs(self) -> None:
        self._channels.close()
        for feed in self._feeds:
            feed.close()

    def _shut(self, threads: Iterable[threading.Thread]) -> None:
        self._over.set()
        self._close_inputs()
        join_all((one for one in threads if one.ident is not None), JOIN_S)
        self._channels.discard()
        self._workers.count_passed_over()
        self._telemetry.settle()


def join_all(threads: Iterable[threading.Thread], within_s: float) -> None:
    """Wait until they have ended, at most `within_s` for all of them."""
    until_s = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
