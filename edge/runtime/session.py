"""Recognition for those who own their pictures and sound: push them, and take verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Literal

from numpy.typing import ArrayLike

from edge.bundle import Bundle, default_bundle
from edge.clock import Clock, MonotonicClock
from edge.config import load_config
from edge.errors import ConfigError
from edge.recognition.verdict import Verdict
from edge.runtime import pushed_checks as checks
from edge.runtime.pushed_models import PushedModels
from edge.runtime.pushed_sound import PushedSound
from edge.runtime.pushed_windows import PushedWindows
from edge.runtime.pushed_words import PushedWords
from edge.types import Chunk, Frame, Word


class Session:
    """The people in pictures and sound that are pushed with their capture times. One thread.

    The first window begins at the first time pushed. A window closes when every stream has been
    pushed beyond its end, or when one is 0.5 s ahead; the push that closes it returns its verdict.
    So the same pushes give the same verdicts. After a jump of the times by more than a window, the
    windows in which nothing was pushed are passed over.

    Args:
        streams: What will be pushed, of "vision" and "audio".
        bundle: The bundle's folder; the packaged one without it.
        asr: Speech to text of the pushed sound; "none" where there is none, or `push_words` is
            used. It runs within `push_samples`: 0.15 of real time, up to 0.5 s at an utterance's
            end.
        settings: Keys of the configuration that begin with window, engine or asr, such as
            {"window.step_s": 0.5}.
        people: Whose verdicts; see `edge.open`.
        require_signed: A file with the public key that must have signed the bundle.

    Raises:
        EdgeError: One sentence that names the argument, key or bundle, and what to do.
    """

    def __init__(
        self,
        streams: Iterable[Literal["vision", "audio"]] = ("vision", "audio"),
        bundle: str | PathLike[str] | None = None,
        asr: Literal["auto", "vosk", "sherpa", "pocketsphinx", "none"] = "auto",
        settings: Mapping[str, Any] | None = None,
        require_signed: str | PathLike[str] | None = None,
        people: Literal["nearest", "all"] | int = "nearest",
    ) -> None:
        wanted = checks.stream_names(streams)
        given = {} if settings is None else checks.session_settings(settings)
        config = load_config(None, [], {"asr.engine": asr, "people": people, **given})
        folder = default_bundle() if bundle is None else checks.bundle_folder(bundle)
        key = None if require_signed is None else checks.key_file(require_signed)
        chosen = Bundle.load(folder, key)
        clock = MonotonicClock()
        self._begin(PushedModels(wanted, chosen, config, clock), clock)

    @classmethod
    def over(cls, models: PushedModels, clock: Clock) -> Session:
        """A session over models that were opened for it, such as those that several share.

        Closing it closes them.
        """
        session = cls.__new__(cls)
        session._begin(models, clock)
        return session

    def _begin(self, models: PushedModels, clock: Clock) -> None:
        self._clock, self._models = clock, models
        self._recognizer = models.recognizer
        self._windows = PushedWindows(
            self._models.streams, self._recognizer.step_ns, self._recognizer.duration_ns
        )
        self._sound = PushedSound()
        self._frames = 0
        self._words = PushedWords()
        self._state: Literal["open", "finished", "closed"] = "open"

    def push_frame(self, bgr: ArrayLike, t_ns: int) -> list[Verdict]:
        """Push one picture. One that follows the last by less than `vision.min_gap_ms` is not
        looked at.

        Args:
            bgr: uint8, shape (height, width, 3), blue first.
            t_ns: When the light fell, in nanoseconds on any clock that does not jump; the same
                clock as the sound's.

        Returns:
            The verdicts of the windows that this closes; mostly none, else one.

        Raises:
            SourceError: The time is missing, earlier than the last frame's or on another clock than
                the sound's, or it is no picture.
            ConfigError: The session was finished or closed.
        """
        t_ns = self._time_of("vision", "frame", t_ns)
        image = checks.picture(bgr)
        checks.frame_order(t_ns, self._windows.reached("vision"))
        self._windows.check("vision", t_ns)
        self._recognizer.accept_frame(Frame(t_ns, image, self._frames))
        self._frames += 1
        return self._advance("vision", t_ns, t_ns)

    def push_samples(self, samples: ArrayLike, t_ns: int, rate_hz: int = 16_000) -> list[Verdict]:
        """Push sound, in pieces of any length. With pictures, push both in turns.

        Args:
            samples: float32 in -1..1 or int16; shape (n,), or (n, channels), which are averaged.
            t_ns: When the first sample was in the air, in nanoseconds. A hole of more than 20 ms
                after the last piece counts as lost sound.
            rate_hz: Samples a second, 1000 to 384000; what is not 16 kHz is resampled.

        Returns:
            The verdicts of the windows that this closes, in order. Up to 20 ms of the sound are
            held back until the next piece.

        Raises:
            SourceError: The time is missing, earlier than the last piece's or on another clock than
                the pictures', or it is no sound.
            ConfigError: The session was finished or closed.
        """
        t_ns = self._time_of("audio", "piece of sound", t_ns)
        sound, rate_hz = checks.sound(samples), checks.sample_rate(rate_hz)
        self._windows.check("audio", t_ns)
        return self._accept_chunks(self._sound.push(sound, t_ns, rate_hz))

    def push_words(self, words: Sequence[Word], heard_ns: int) -> None:
        """Push the final words of one utterance, from a speech recogniser of your own.

        Args:
            words: With times in nanoseconds on the clock of the pushes, in their order; maybe none.
            heard_ns: How far the recogniser has listened, in nanoseconds.

        Raises:
            SourceError: They are no `edge.Word`s or not in order, or a time is no whole number.
            ConfigError: The session recognises speech itself, its bundle has no network for text,
                or it was finished or closed.
        """
        self._check_state()
        if not self._models.has_text:
            raise ConfigError("The bundle has no network for text: push no words, or give another.")
        if self._models.transcribes:
            raise ConfigError(
                'This session recognises speech itself: open it with asr="none" to push words.'
            )
        utterance = self._words.push(words, heard_ns)
        self._recognizer.set_link("text", "up")
        self._recognizer.accept_utterances([utterance], utterance.heard_ns)

    @property
    def notes(self) -> list[str]:
        """What happened to the engines so far, one sentence each; a copy."""
        return list(self._models.notes)

    def finish(self) -> list[Verdict]:
        """Nothing more is pushed: the verdicts of the windows that are still open.

        As at the end of a file, the last one may be shorter. A second call returns none.

        Raises:
            ConfigError: The session was closed.
        """
        if self._state == "finished":
            return []
        self._check_state()
        self._state = "finished"
        verdicts = self._accept_chunks(self._sound.finish())
        self._models.finish()
        return verdicts + self._verdicts(self._windows.rest())

    def close(self) -> None:
        """Free the networks; may be called twice."""
        if self._state != "closed":
            self._state = "closed"
            self._models.close()

    def __enter__(self) -> Session:
        self._check_state()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_state(self) -> None:
        if self._state != "open":
            what = "was closed" if self._state == "closed" else "has finished"
            raise ConfigError(f"This session {what} and takes nothing more: open another one.")

    def _time_of(self, stream: str, what: str, t_ns: int) -> int:
        self._check_state()
        checks.stream_taken(stream, what, self._windows.streams)
        return checks.whole_ns(f"A {what} needs its capture time", t_ns)

    def _accept_chunks(self, chunks: Iterator[Chunk]) -> list[Verdict]:
        verdicts = []
        for chunk in chunks:
            self._models.accept_chunk(chunk)
            verdicts += self._advance("audio", chunk.t_ns, chunk.end_ns)
        return verdicts

    def _advance(self, stream: str, begin_ns: int, end_ns: int) -> list[Verdict]:
        self._windows.take(stream, begin_ns, end_ns)
        return self._verdicts(self._windows.closed())

    def _verdicts(self, ends_ns: Iterator[int]) -> list[Verdict]:
        if self._windows.start_ns is not None:
            self._recognizer.set_origin(self._windows.start_ns, is_media=False)
        steps = (self._recognizer.steps(end_ns, self._clock.now_ns()) for end_ns in ends_ns)
        return [verdict for step in steps for verdict in step]
