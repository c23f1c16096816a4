"""Keeps speech-to-text running: an engine that fails is reopened with back-off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.asr import SpeechToText
from edge.clock import Clock
from edge.types import NS_PER_S, Chunk, Utterance

FIRST_RETRY_NS = NS_PER_S // 10
LONGEST_RETRY_NS = 30 * NS_PER_S
"""Opening costs up to a second of a core (0.4 s for pocketsphinx), so retries become rare."""


class Transcriber:
    """A `SpeechToText` that survives the failure of its engine. One thread.

    Args:
        first: Gives the engine, or waits for it while it loads.
        reopen: Opens the engine again.
        clock: Times the back-off.
        lost: Called with the error each time the engine fails.
        back: Called when the engine works again, or for the first time if it was not `ready`.
        ready: Whether the engine is open already.
    """

    def __init__(
        self,
        first: Callable[[], SpeechToText | None],
        reopen: Callable[[], SpeechToText | None],
        clock: Clock,
        lost: Callable[[Exception], None],
        back: Callable[[], None],
        ready: bool = True,
    ) -> None:
        self._asr: SpeechToText | None = None
        self._open, self._reopen = first, reopen
        self._clock = clock
        self._lost, self._back = lost, back
        self._retry_ns = FIRST_RETRY_NS
        self._next_try_ns = 0
        self._first_index = 0
        self._last_index = -1
        self._proven, self._told = ready, False

    def accept(self, chunk: Chunk) -> list[Utterance]:
        """Like `SpeechToText.accept`. Returns nothing while there is no engine.

        The indices of a new engine continue those of the old one, so no utterance is replaced.
        """
        if self._asr is None and not self._try():
            return []
        assert self._asr is not None
        try:
            heard = self._asr.accept(chunk)
        except Exception as error:  # a third-party library may raise anything; the run continues
            self._died(error)
            return []
        if not self._proven:
            self._proven, self._told = True, False
            self._retry_ns = FIRST_RETRY_NS
            self._back()
        heard = [replace(u, index=self._first_index + u.index) for u in heard]
        self._last_index = max([self._last_index, *(u.index for u in heard)])
        return heard

    def finish(self) -> list[Utterance]:
        """Like `SpeechToText.finish`."""
        if self._asr is None:
            return []
        try:
            heard = self._asr.finish()
        except Exception as error:
            self._died(error)
            return []
        return [replace(u, index=self._first_index + u.index) for u in heard]

    def _died(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            self._lost(error)
        self._asr, self._proven = None, False
        self._first_index = self._last_index + 1
        self._next_try_ns = self._clock.now_ns() + self._retry_ns
        self._retry_ns = min(2 * self._retry_ns, LONGEST_RETRY_NS)

    def _try(self) -> bool:
        if self._clock.now_ns() < self._next_try_ns:
            return False
        open_it, self._open = self._open, self._reopen
        try:
            self._asr = open_it()
        except Exception as error:
            self._died(error)
        return self._asr is not None
