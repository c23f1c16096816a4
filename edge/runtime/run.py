"""Builds a run from a configuration: bundle, networks, sources, speech-to-text, driver."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from edge.asr import SpeechToText
from edge.bundle import Bundle, default_bundle
from edge.clock import Clock, MonotonicClock
from edge.config import Config
from edge.errors import ConfigError
from edge.recognition.verdict import Verdict
from edge.runtime.asr_opening import AsrOpening, begin_asr, open_configured
from edge.runtime.ending import Ending
from edge.runtime.feed import Feed
from edge.runtime.feeds import keep_used, make_feeds, without_unused_devices
from edge.runtime.links import Links
from edge.runtime.live import Live
from edge.runtime.loaded import Loaded
from edge.runtime.offline import run_offline
from edge.runtime.opening import check_one_source_each, open_all
from edge.runtime.record import header, make_recorder
from edge.runtime.telemetry import Telemetry
from edge.runtime.transcriber import Transcriber
from edge.runtime.verdicts import Verdicts
from edge.types import PhaseAt

if TYPE_CHECKING:
    from edge.runtime.models import Models
    from edge.runtime.shared_models import SharedModels


class Run:
    """One run of the recogniser, from opening its sources to closing them.

    A context manager: `with edge.open(file="clip.mp4") as run: for verdict in run: ...`. Iterate
    it once, on one thread. `stop` and `close` may be called from any thread or signal handler. When
    the iterator is dropped, as by a `break`, the run ends as well.
    """

    def __init__(
        self,
        config: Config,
        feeds: Callable[[Clock], list[Feed]] | None = None,
        phase_at: PhaseAt = lambda t_ns: None,
        clock: Clock | None = None,
        models: Models | SharedModels | None = None,
    ) -> None:
        """Load the bundle and its networks. Nothing is captured yet.

        Args:
            config: The configuration.
            feeds: Creates the sources. None: those that `config.source` names.
            phase_at: The phase of a script at a capture time, copied into each verdict.
            clock: Times every wait and every packet. None: the system's monotonic clock.
            models: Loaded before, with the same bundle and engine, for files at full speed one
                after the other or for several runs at once. None: loaded here, freed at the end.

        Raises:
            BundleError, EngineError, ConfigError, SinkError: The message is one sentence.
        """
        self._config = config
        self._phase_at = phase_at
        self._stop = threading.Event()
        self._clock = clock or MonotonicClock()
        self._verdicts: weakref.ref[Verdicts] | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.telemetry = Telemetry()
        note = partial(self.telemetry.note, event="engine")
        if models is None:
            self.bundle = Bundle.load(config.bundle or default_bundle(), config.require_signed)
        else:
            self.bundle = models.bundle
            models.listen(note)
        config = without_unused_devices(config, self.bundle)
        self.feeds = (feeds or (lambda clock: make_feeds(config, clock)))(self._clock)
        keep_used(self.feeds, self.bundle)
        check_one_source_each(self.feeds)
        self._recorder = make_recorder(config.record, self.offline)
        with ExitStack() as undo:
            if self._recorder is not None:
                undo.callback(self._recorder.close)
            self._loaded = Loaded(
                self.bundle,
                config,
                self._clock,
                self._recorder,
                note,
                None if models is None else models.networks,
            )
            undo.pop_all()
        self.engine, self.device = self._loaded.engine, self._loaded.device
        self.recognizer = self._loaded.recognizer
        self._links = Links(self.recognizer, self.telemetry)
        self._open_asr: Callable[[], SpeechToText | None] = (
            partial(open_configured, config.asr, apart=not self.offline)
            if models is None
            else models.asr_opener(config.asr, apart=not self.offline)
        )
        self._begin_asr = partial(
            begin_asr, self._open_asr, self._links, self._stop, waits=self.offline
        )
        self._ending = Ending(self._loaded, self._recorder, self.feeds, self.telemetry)
        # For a program that drops the run without `close`. Only the iterator and the program refer
        # to a run: its threads do not, so that it can be dropped.
        weakref.finalize(self, self._ending.free).atexit = False

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Verdicts:
        return self.verdicts()

    @property
    def offline(self) -> bool:
        """Whether the run reads a single file at full speed."""
        alone = len(self.feeds) == 1 and self.feeds[0].lossless
        return alone and self._config.source.pace == "fast"

    @property
    def clock(self) -> Clock:
        """What the run is timed on."""
        return self._clock

    @property
    def stopped(self) -> bool:
        """Whether the end was requested."""
        return self._stop.is_set()

    @property
    def recording_cause(self) -> str | None:
        """Why the recording ended before the run; None if it is complete, or there is none."""
        return None if self._recorder is None else self._recorder.cause

    def stop(self) -> None:
        """Request the end of the run. Any thread."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and free devices, files and networks. Idempotent; any thread.

        While another thread waits for a verdict this only stops the run: that thread's iteration
        ends, and frees everything.
        """
        self.stop()
        with self._lock:
            self._closed = True
            verdicts = None if self._verdicts is None else self._verdicts()
        if verdicts is None:
            self._ending.free()
        else:
            verdicts.close()

    def verdicts(self) -> Verdicts:
        """Open the sources and give a verdict a step until they end or `stop` is called.

        Raises:
            ConfigError: The run was iterated before, or is closed.
            SourceError, AsrError: A source or speech-to-text cannot be opened, or was lost.
        """
        with self._lock:
            if self._verdicts is not None:
                raise ConfigError("A run can be iterated only once: open another one.")
            if self._closed:
                raise ConfigError("The run is closed: open another one.")
            verdicts = Verdicts(self._run(), self._ending.free)
            self._verdicts = weakref.ref(verdicts)
            return verdicts

    def _run(self) -> Generator[Verdict, None, None]:
        try:
            if not open_all(self.feeds, self._stop, self._config.source.start_without):
                return
            self._link_streams()
            asr = self._begin_asr() if self._transcribed() else None
            if self._recorder is not None:
                begun = header(self._config, self.bundle, self._loaded, self._clock.now_ns())
                self._recorder.start(begun, self.telemetry.note)
            for verdict in self._drive(asr):
                self.telemetry.verdict(verdict)
                yield verdict
            self._ending.check_files_complete()
        finally:
            self._ending.free()

    def _link_streams(self) -> None:
        """Mark the connected streams, and note missing ones."""
        for feed in self.feeds:
            self._links.feed_there(feed)
            for note in feed.report().notes:
                self.telemetry.note(note)

    def _transcribed(self) -> bool:
        """Whether there is sound, and something that makes words of it."""
        wanted = self._config.asr.engine != "none" and "text" in self.bundle.manifest.streams
        return wanted and self.recognizer.links["audio"] != "off"

    def _drive(self, asr: AsrOpening | None) -> Generator[Verdict, None, None]:
        seconds = self._config.seconds
        if self.offline:
            feed, words = self.feeds[0], None if asr is None else asr.take()
            return run_offline(
                self.recognizer, feed, words, self._clock, self._stop, seconds, self._phase_at
            )
        links = self._links
        transcriber = None
        if asr is not None:
            ready = links.asr_is_up
            again = links.asr_lost, links.asr_back, ready
            transcriber = Transcriber(asr.take, self._open_asr, self._clock, *again)
        shared = self._clock, self.telemetry, self._stop
        live = Live(self.recognizer, self.feeds, links, transcriber, *shared)
        self._ending.live = live
        return live.verdicts(seconds, self._phase_at)
