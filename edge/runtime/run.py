"""Put a run together from a configuration: bundle, networks, sources, speech-to-text, driver."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from edge.asr import SpeechToText, open_asr
from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Networks
from edge.clock import Clock, MonotonicClock
from edge.config import Config, SourceConfig
from edge.errors import ConfigError, DeviceError, MediaError
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.recording import Recorder
from edge.recording.session import Content, EngineIdentity, describe_session
from edge.runtime.feed import Feed, open_all
from edge.runtime.live import Live
from edge.runtime.offline import run_offline
from edge.runtime.telemetry import Telemetry
from edge.sources.base import call_bounded
from edge.sources.camera import Camera
from edge.sources.file import MediaFile
from edge.sources.microphone import Microphone

Phase = Callable[[int], dict[str, Any] | None]


class Run:
    """One run of the recogniser, from opening its sources to closing them.

    Iterate `verdicts()` once, on one thread; `stop()` may be called from any thread or signal.
    """

    def __init__(
        self,
        config: Config,
        feeds: Callable[[Clock], list[Feed]] | None = None,
        phase: Phase = lambda t_ns: None,
    ) -> None:
        """Load the bundle and its networks; nothing is captured yet.

        Args:
            config: What to run.
            feeds: Makes the sources; None takes those that `config.source` names.
            phase: What a script does at a capture time, told in each verdict.

        Raises:
            BundleError, EngineError, ConfigError, SinkError: in one sentence.
        """
        self._config = config
        self._phase = phase
        self._stop = threading.Event()
        self._clock = MonotonicClock()
        self.telemetry = Telemetry()
        folder = default_bundle() if config.bundle is None else Path(config.bundle)
        bundle = Bundle.load(folder)
        config = _without_unused_devices(config, bundle)
        self.feeds = feeds(self._clock) if feeds is not None else _feeds(config, self._clock)
        _keep_used(self.feeds, bundle)
        networks = Networks(bundle, config.engine.name, config.engine.options)
        window = window_of(config, bundle.manifest.window)
        self.bundle = bundle
        self.device = networks.device
        self._window = window
        self._recorder = self._make_recorder()
        try:
            self.recognizer = Recognizer(bundle, networks, self._clock, window, self._recorder)
        except BaseException:
            if self._recorder is not None:
                self._recorder.close()
            raise

    def stop(self) -> None:
        """End the run soon; any thread."""
        self._stop.set()

    def verdicts(self) -> Generator[Verdict, None, None]:
        """Open the sources and yield a verdict a step until they end or `stop` is called.

        Raises:
            SourceError, AsrError: a source or the speech recogniser cannot be opened, or is lost.
        """
        try:
            if not open_all(self.feeds, self._stop):
                return
            asr = self._link_streams()
            self._record()
            for verdict in self._drive(asr):
                self.telemetry.verdict(verdict)
                yield verdict
            self._complain_of_torn_files()
        finally:
            for feed in self.feeds:
                feed.close()
                self._account(feed)
            if bad := self.recognizer.bad_samples:
                self.telemetry.note(f"{bad} samples of sound were no numbers: taken as silence.")
            self.recognizer.close()
            if self._recorder is not None:
                self._recorder.close()

    @property
    def _offline(self) -> bool:
        """One file, as fast as it goes."""
        alone = len(self.feeds) == 1 and self.feeds[0].lossless
        return alone and self._config.source.pace == "fast"

    def _make_recorder(self) -> Recorder | None:
        record = self._config.record
        if record.folder is None:
            if record.raw:
                raise ConfigError("record.raw (--record-raw) needs a folder: give --record DIR.")
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

    def _complain_of_torn_files(self) -> None:
        """Everything that was whole has been used; that it was not all is still an error."""
        for feed in self.feeds:
            torn = getattr(feed.source, "torn", None)
            if torn is not None:
                raise MediaError(torn)

    def _account(self, feed: Feed) -> None:
        """Tell what a source has to say at its end: notes, and what it lost before handing over."""
        for source in feed.sources:
            for note in getattr(source, "notes", ()):
                if note != getattr(source, "torn", None):  # that one is raised, and told then
                    self.telemetry.note(note)
            for what, counter in (("frames", "drops"), ("audio samples", "lost")):
                for cause, count in getattr(source, counter, {}).items():
                    self.telemetry.drop(what, cause, count)

    def _link_streams(self) -> SpeechToText | None:
        """Mark what is connected, say what a file lacks, open speech-to-text if there is sound."""
        for feed in self.feeds:
            for name in feed.streams & feed.source.streams:
                self.recognizer.set_link(name, "up")
            for note in getattr(feed.source, "notes", ()):
                self.telemetry.note(note)
        if self.recognizer.links["audio"] != "up":
            return None
        asr = self._open_asr_or_stop() if "text" in self.bundle.manifest.streams else None
        if asr is not None:
            self.recognizer.set_link("text", "up")
        return asr

    def _open_asr_or_stop(self) -> SpeechToText | None:
        """A big model loads for many seconds, or is downloaded: a stop must not wait for it."""
        try:
            forget = "speech-to-text was not waited for"
            return call_bounded(self._open_asr, lambda asr: None, math.inf, self._stop, forget)
        except DeviceError:
            return None  # stopped: nothing will be heard

    def _open_asr(self) -> SpeechToText | None:
        return open_asr(self._config.asr.engine, self._config.asr.model, apart=not self._offline)

    def _drive(self, asr: SpeechToText | None) -> Generator[Verdict, None, None]:
        seconds = self._config.seconds
        if self._offline:
            feed = self.feeds[0]
            return run_offline(
                self.recognizer, feed, asr, self._clock, self._stop, seconds, self._phase
            )
        live = Live(
            self.recognizer,
            self.feeds,
            asr,
            self._open_asr,
            self._clock,
            self.telemetry,
            self._stop,
        )
        return live.verdicts(seconds, self._phase)


def window_of(config: Config, trained: WindowSpec) -> WindowSpec:
    """The bundle's window, less what the configuration says otherwise."""
    given = {k: v for k, v in config.window.model_dump().items() if v is not None}
    window = trained.model_copy(update=given)
    if window.step_s > window.duration_s:
        raise ConfigError(
            f"window.step_s is {window.step_s} and window.duration_s {window.duration_s}:"
            " a step must not be longer than the window."
        )
    return window


def _without_unused_devices(config: Config, bundle: Bundle) -> Config:
    """A bundle of fewer streams opens no camera or microphone that it could not use.

    Raises:
        ConfigError: One was asked for by name.
    """
    source, unused = config.source, {}
    for key, stream in (("camera", "vision"), ("mic", "audio")):
        if stream in _heard_or_seen(bundle):
            continue
        if _device(getattr(source, key), None) is not None:
            raise ConfigError(
                f"{bundle.folder} has no network for {stream}, only for"
                f" {' and '.join(bundle.manifest.names)}: leave out --{key}."
            )
        unused[key] = "none"
    return config.model_copy(update={"source": source.model_copy(update=unused)})


def _keep_used(feeds: list[Feed], bundle: Bundle) -> None:
    """Take from each source what the bundle has a use for."""
    for feed in feeds:
        feed.streams &= _heard_or_seen(bundle)


def _heard_or_seen(bundle: Bundle) -> frozenset[str]:
    """Streams that a source has to give; words are made of sound."""
    streams = set(bundle.manifest.names)
    return frozenset(streams - {"text"} | ({"audio"} if "text" in streams else set()))


def _feeds(config: Config, clock: Clock) -> list[Feed]:
    source = config.source
    camera = _device(source.camera, 0 if source.file is None else None)
    mic = _device(source.mic, "default" if source.file is None else None)
    feeds = []
    if camera is not None:
        size = config.camera
        eye = partial(
            Camera, camera, clock, size.width, size.height, size.fps, source.open_timeout_s
        )
        feeds.append(Feed(eye(), frozenset({"vision"}), lossless=False, renew=eye))
    if mic is not None:
        ear = partial(Microphone, None if mic == "default" else mic, clock, source.open_timeout_s)
        again = partial(ear, rescan=True)
        feeds.append(Feed(ear(), frozenset({"audio"}), lossless=False, renew=again))
    if source.file is not None:
        _keep_apart(source.file, config.output.jsonl)
        feeds.extend(_file_feed(source, clock, alone=not feeds))
    if not feeds:
        raise ConfigError("There is nothing to listen to: give --file, --camera or --mic.")
    return feeds


def _keep_apart(file: str, jsonl: str | None) -> None:
    """The output must not replace the input, under whatever name."""
    if jsonl is None or jsonl == "-" or not (Path(jsonl).exists() and Path(file).exists()):
        return
    if Path(jsonl).samefile(file):
        raise ConfigError(f"--jsonl {jsonl} is the file that --file reads: name another one.")


def _file_feed(source: SourceConfig, clock: Clock, alone: bool) -> list[Feed]:
    """The file gives what no device was asked for ("none" counts as asked for)."""
    assert source.file is not None
    streams = {"vision"} if source.camera is None else set()
    streams |= {"audio"} if source.mic is None else set()
    if not streams:
        raise ConfigError(
            f"--file {source.file} would give neither sound nor picture:"
            " leave out --camera or --mic."
        )
    pace = source.pace if alone else "live"
    media = MediaFile(source.file, clock, pace=pace, wanted=frozenset(streams))
    return [Feed(media, frozenset(streams), lossless=True)]


def _device(given: int | str | None, default: int | str | None) -> int | str | None:
    if given is None:
        return default
    if isinstance(given, str) and given.lower() in ("none", "off"):
        return None
    # Not isdigit: that takes "²", which int does not.
    index = isinstance(given, str) and given.isascii() and given.isdecimal()
    return int(given) if index else given
