"""Recognition for those who own their pictures and sound: push them, and take verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from edge.asr import open_asr
from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import MonotonicClock
from edge.config import load_config
from edge.errors import ConfigError, SourceError
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.runtime.pushed_sound import PushedSound
from edge.runtime.run import window_of
from edge.types import NS_PER_MS, Chunk, Frame, Utterance, Word

MAX_WAIT_NS = 500 * NS_PER_MS
"""How long a window waits for a stream that is behind the others."""


class Session:
    """One person in pictures and sound that are pushed with their capture times. One thread.

    A window closes when every stream has been pushed beyond its end, or when one is `MAX_WAIT_NS`
    ahead; the push that closes it returns its verdict. So the same pushes give the same verdicts.

    Args:
        streams: What will be pushed, of "vision" and "audio".
        bundle: The bundle's folder; the packaged one without it.
        asr: Speech to text of the pushed sound; "none" where there is none, or `push_words` is
            used. It runs within `push_samples`: 0.15 of real time, up to 0.5 s at an utterance's
            end.
        settings: Keys of the configuration, such as {"window.step_s": 0.5}.

    Raises:
        EdgeError: One sentence that names the key or bundle, and what to do.
    """

    def __init__(
        self,
        streams: Iterable[Literal["vision", "audio"]] = ("vision", "audio"),
        bundle: str | PathLike[str] | None = None,
        asr: Literal["auto", "vosk", "pocketsphinx", "none"] = "auto",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        wanted = frozenset(streams)
        config = load_config(None, [], {"asr.engine": asr, **(settings or {})})
        loaded = Bundle.load(default_bundle() if bundle is None else Path(fspath(bundle)))
        if not wanted or not wanted <= {"vision", "audio"}:
            raise ConfigError(
                f"streams are {sorted(wanted)}: give vision, audio, or both; words come of sound,"
                " or by push_words."
            )
        self._networks = Networks(loaded, config.engine.name, config.engine.options)
        self._clock = MonotonicClock()
        window = window_of(config, loaded.manifest.window)
        self._recognizer = Recognizer(loaded, self._networks, self._clock, window)
        self._sound = PushedSound()
        self._frames = 0
        self._pushed_ns: dict[str, int | None] = dict.fromkeys(wanted & set(loaded.manifest.names))
        for stream in self._pushed_ns:
            self._recognizer.set_link(stream, "up")
        hears = "audio" in wanted and "text" in loaded.manifest.names
        self._asr = open_asr(config.asr.engine, config.asr.model) if hears else None
        if self._asr is not None:
            self._recognizer.set_link("text", "up")
            self._pushed_ns.setdefault("audio", None)
        self._utterances = 0
        self._end_ns: int | None = None

    def push_frame(self, bgr: ArrayLike, t_ns: int) -> list[Verdict]:
        """Push one picture.

        Args:
            bgr: uint8, shape (height, width, 3), blue first.
            t_ns: When the light fell, in nanoseconds on any clock that does not jump; the same
                clock as the sound's.

        Returns:
            The verdicts of the windows that this closes; mostly none, else one.

        Raises:
            SourceError: The time is missing or earlier than the last frame's, or it is no picture.
        """
        t_ns = self._next_time("vision", "frame", t_ns)
        image = np.ascontiguousarray(bgr)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise SourceError(
                f"A frame is an array of uint8 with the shape (height, width, 3), not"
                f" {image.dtype} with the shape {image.shape}."
            )
        self._recognizer.accept_frame(Frame(t_ns, image, self._frames))
        self._frames += 1
        return self._advance("vision", t_ns)

    def push_samples(self, samples: ArrayLike, t_ns: int, rate_hz: int = 16_000) -> list[Verdict]:
        """Push sound, in pieces of any length.

        Args:
            samples: float32 in -1..1 or int16; shape (n,), or (n, channels), which are averaged.
            t_ns: When the first sample was in the air. A hole of more than 20 ms after the last
                piece counts as lost sound.
            rate_hz: Samples a second; what is not 16 kHz is resampled.

        Returns:
            As `push_frame`.

        Raises:
            SourceError: The time is missing or earlier than the last piece's, or it is no sound.
        """
        t_ns = self._next_time("audio", "piece of sound", t_ns)
        end_ns = t_ns
        for chunk in self._sound.push(samples, t_ns, rate_hz):
            self._accept_chunk(chunk)
            end_ns = chunk.end_ns
        return self._advance("audio", end_ns)

    def push_words(self, words: Sequence[Word], heard_ns: int) -> None:
        """Push the final words of one utterance, from a speech recogniser of your own.

        Args:
            words: With times on the clock of the pushes; maybe none.
            heard_ns: How far the recogniser has listened.
        """
        self._recognizer.set_link("text", "up")
        utterance = Utterance(self._utterances, tuple(words), final=True, heard_ns=heard_ns)
        self._utterances += 1
        self._recognizer.accept_utterances([utterance], heard_ns)

    def finish(self) -> list[Verdict]:
        """Nothing more is pushed: the verdicts of the windows that are still open."""
        newest_ns = max((t for t in self._pushed_ns.values() if t is not None), default=None)
        if newest_ns is None:
            return []
        for chunk in self._sound.finish():
            self._accept_chunk(chunk)
        if self._asr is not None:
            self._recognizer.accept_utterances(self._asr.finish(), newest_ns)
        return self._close_windows(newest_ns)

    def close(self) -> None:
        """Free the networks; may be called twice."""
        self._recognizer.close()
        self._networks.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _accept_chunk(self, chunk: Chunk) -> None:
        self._recognizer.accept_chunk(chunk)
        if self._asr is not None:
            self._recognizer.accept_utterances(self._asr.accept(chunk), chunk.end_ns)

    def _next_time(self, stream: str, what: str, t_ns: int) -> int:
        if stream not in self._pushed_ns:
            raise SourceError(
                f"A {what} was pushed, but this session takes"
                f" {' and '.join(sorted(self._pushed_ns))}: name {stream} in streams, and use a"
                " bundle that has a network for it."
            )
        if isinstance(t_ns, bool) or not isinstance(t_ns, int | np.integer):
            raise SourceError(
                f"A {what} needs its capture time in whole nanoseconds; it was {t_ns!r}."
            )
        last_ns = self._pushed_ns[stream]
        if last_ns is not None and t_ns < last_ns and stream == "vision":
            raise SourceError(
                f"A {what} of {int(t_ns)} ns comes after one of {last_ns} ns: push them in the"
                " order of their capture times."
            )
        return int(t_ns)

    def _advance(self, stream: str, t_ns: int) -> list[Verdict]:
        self._pushed_ns[stream] = t_ns
        if self._end_ns is None:
            self._end_ns = t_ns + self._recognizer.step_ns
            self._recognizer.set_origin(t_ns, is_media=False)
        pushed = [t for t in self._pushed_ns.values() if t is not None]
        waits = len(pushed) < len(self._pushed_ns)
        reached_ns = max(pushed) - MAX_WAIT_NS
        return self._close_windows(reached_ns if waits else max(min(pushed), reached_ns))

    def _close_windows(self, until_ns: int) -> list[Verdict]:
        verdicts = []
        while self._end_ns is not None and self._end_ns <= until_ns:
            verdicts.append(self._recognizer.step(self._end_ns, self._clock.now_ns()))
            self._end_ns += self._recognizer.step_ns
        return verdicts
