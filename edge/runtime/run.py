"""Builds a run from a configuration: bundle, networks, sources, speech-to-text, driver."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from edge.asr import SpeechToText, open_asr
from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock, MonotonicClock
from edge.config import Config
from edge.errors import ConfigError, DeviceError, MediaError, SourceError, first_line
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.recording import Recorder
from edge.recording.session import Content, EngineIdentity, describe_session
from edge.runtime.feed import Feed, check_one_source_each, open_all
from edge.runtime.feeds import keep_used, make_feeds, without_unused_devices
from edge.runtime.live import Live
from edge.runtime.offline import run_offline
from edge.runtime.telemetry import Telemetry
from edge.sources.base import call_bounded
from edge.types import PhaseAt


class Run:
    """One run of the recogniser, from opening its sources to closing them.

    A context manager: `with edge.open(file="clip.mp4") as run: for verdict in run: ...`. Iterate
    it once, on one thread. `stop` and `close` may be called from any thread or signal handler.
    """

    def __init__(
        self,
        config: Config,
        feeds: Callable[[Clock], list[Feed]] | None = None,
        phase_at: PhaseAt = lambda t_ns: None,
        clock: Clock | None = None,
    ) -> None:
        """Load the bundle and its networks. Nothing is captured yet.

        Args:
            config: The configuration.
            feeds: Creates the sources. None: those that `config.source` names.
            phase_at: The phase of a script at a capture time, copied into each verdict.
            clock: Times every wait and every packet. None: the system's monotonic clock.

        Raises:
            BundleError, EngineError, ConfigError, SinkError: The message is one sentence.
        """
        self._config = config
        self._phase_at = phase_at
        self._stop = threading.Event()
        self._clock = clock or MonotonicClock()
        self._verdicts: Verdicts | None = None
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._closed = self._freed = False
        self.telemetry = Telemetry()
        folder = default_bundle() if config.bundle is None else Path(config.bundle)
        self.bundle = Bundle.load(folder)
        config = without_unused_devices(config, self.bundle)
        self.feeds = (feeds or (lambda clock: make_feeds(config, clock)))(self._clock)
        keep_used(self.feeds, self.bundle)
        check_one_source_each(self.feeds)
        self._networks = Networks(self.bundle, config.engine.name, config.engine.options)
        self.device = self._networks.device
        self._window = window_of(config, self.bundle.manifest.window)
        self._recorder = self._make_recorder()
        try:
            self.recognizer = Recognizer(
                self.bundle, self._networks, self._clock, self._window, self._recorder
            )
        except BaseException:
            if self._recorder is not None:
                self._recorder.close()
            raise

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
            verdicts = self._verdicts
        if verdicts is None:
            self._free()
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
            self._verdicts = Verdicts(self._run(), self._free)
            return self._verdicts

    def _run(self) -> Generator[Verdict, None, None]:
        try:
            if not open_all(self.feeds, self._stop):
                return
            asr = self._link_streams()
            self._record()
            for verdict in self._drive(asr):
                self.telemetry.verdict(verdict)
                yield verdict
            self._check_files_complete()
        finally:
            self._free()

    def _free(self) -> None:
        """Free everything, whatever fails on the way. Only the first call has an effect."""
        with self._lock:
            if self._freed:
                return
            self._freed = True
        with ExitStack() as last:  # the last entry is called first
            if self._recorder is not None:
                last.callback(self._recorder.close)
            last.callback(self._live.when_done if self._live else _at_once, self._free_networks)
            last.callback(self._note_bad_samples)
            for feed in self.feeds:
                last.callback(self._account, feed)
                last.callback(feed.close)

    def _free_networks(self) -> None:
        """On the thread that used them last."""
        for free in (self.recognizer.close, self._networks.close):
            try:
                free()
            except Exception as error:  # anybody's engine
                self.telemetry.note(f"The networks could not be freed: {first_line(error)}")

    def _note_bad_samples(self) -> None:
        if bad := self.recognizer.bad_samples:
            self.telemetry.note(f"{bad} sound samples were not finite: replaced by silence.")

    @property
    def _offline(self) -> bool:
        """Whether the run reads a single file at full speed."""
        alone = len(self.feeds) == 1 and self.feeds[0].lossless
        return alone and self._config.source.pace == "fast"

    def _make_recorder(self) -> Recorder | None:
        record = self._config.record
        if record.folder is None:
            if record.raw:
                raise ConfigError("record.raw (--record-raw) needs a folder: set --record DIR.")
            return None
        limit_bytes = round(record.max_mb * 1e6)
        return Recorder(Path(record.folder), record.raw, self._offline, limit_bytes)

    def _record(self) -> None:
        if self._recorder is None:
            return
        engine = self._config.engine
        made_with = EngineIdentity(
            name=engine.name,
            precision=engine.precision,
            threads=engine.threads,
            device=self.device,
        )
        content: Content = "raw" if self._config.record.raw else "features"
        session = describe_session(
            self.bundle, made_with, self._window, content, self._clock.now_ns()
        )
        self._recorder.start(session, self.telemetry.note)

    def _check_files_complete(self) -> None:
        """Raise an error for a truncated file, after its undamaged part has been processed."""
        for feed in self.feeds:
            if (torn := feed.report().torn) is not None:
                raise MediaError(torn)

    def _account(self, feed: Feed) -> None:
        """Note what a source reports at its end. A truncated file raises an error instead."""
        try:
            report = feed.report()
        except SourceError as error:
            self.telemetry.note(str(error))
            return
        for note in report.notes:
            self.telemetry.note(note)
        self.telemetry.lost(report.drops)

    def _link_streams(self) -> SpeechToText | None:
        """Mark the connected streams, note missing ones, open speech-to-text if there is sound."""
        for feed in self.feeds:
            for name in feed.streams & feed.source.streams:
                self.recognizer.set_link(name, "up")
            for note in feed.report().notes:
                self.telemetry.note(note)
        if self.recognizer.links["audio"] != "up":
            return None
        asr = self._open_asr_or_stop() if "text" in self.bundle.manifest.streams else None
        if asr is not None:
            self.recognizer.set_link("text", "up")
        return asr

    def _open_asr_or_stop(self) -> SpeechToText | None:
        """Open speech-to-text. A stop interrupts it: a large model loads or downloads slowly."""
        try:
            forget = "speech-to-text was abandoned while it opened"
            return call_bounded(self._open_asr, lambda asr: None, math.inf, self._stop, forget)
        except DeviceError:
            return None  # stopped: no sound will be processed

    def _open_asr(self) -> SpeechToText | None:
        return open_asr(self._config.asr.engine, self._config.asr.model, apart=not self._offline)

    def _drive(self, asr: SpeechToText | None) -> Generator[Verdict, None, None]:
        seconds = self._config.seconds
        if self._offline:
            feed = self.feeds[0]
            return run_offline(
                self.recognizer, feed, asr, self._clock, self._stop, seconds, self._phase_at
            )
        self._live = Live(
            self.recognizer,
            self.feeds,
            asr,
            self._open_asr,
            self._clock,
            self.telemetry,
            self._stop,
        )
        return self._live.verdicts(seconds, self._phase_at)


class Verdicts(Iterator[Verdict]):
    """The verdicts of one run, taken by one thread; any thread may close."""

    def __init__(self, steps: Generator[Verdict, None, None], free: Callable[[], None]) -> None:
        """`free` is called on close, since a generator that never began skips its `finally`."""
        self._steps = steps
        self._free = free
        self._busy = threading.Lock()

    def __next__(self) -> Verdict:
        """Raises: ConfigError when another thread waits for a verdict; and what a run raises."""
        if not self._busy.acquire(blocking=False):
            raise ConfigError("The run is being iterated on another thread: iterate it on one.")
        try:
            return next(self._steps)
        finally:
            self._busy.release()

    def close(self) -> None:
        """Free everything, unless a thread waits for a verdict. Idempotent."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._steps.close()
            self._free()
        finally:
            self._busy.release()


def _at_once(work: Callable[[], None]) -> None:
    work()


def window_of(config: Config, trained: WindowSpec) -> WindowSpec:
    """The bundle's window, with the configuration's values in place of the bundle's."""
    given = {k: v for k, v in config.window.model_dump().items() if v is not None}
    window = trained.model_copy(update=given)
    if window.step_s > window.duration_s:
        raise ConfigError(
            f"window.step_s ({window.step_s}) is longer than window.duration_s"
            f" ({window.duration_s}): set a step that is not longer than the window."
        )
    return window
