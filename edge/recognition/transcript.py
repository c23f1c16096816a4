"""The words heard so far. An utterance is revised until it is final, and later forgotten."""

from __future__ import annotations

import threading
from dataclasses import replace

from edge.types import Utterance, Word


class Transcript:
    """Utterances by index, the newest revision of each. Any thread may call."""

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._utterances: dict[int, Utterance] = {}
        self._heard_ns: int | None = None
        self._lock = threading.Lock()

    @property
    def heard_ns(self) -> int | None:
        """Capture time up to which sound was transcribed; None before the beginning."""
        return self._heard_ns

    def listened_to(self, heard_ns: int) -> None:
        """Record that sound was transcribed up to `heard_ns`, with or without words."""
        self._heard_ns = max(heard_ns, self._heard_ns or heard_ns)

    def revise(self, utterance: Utterance) -> None:
        """Replace the earlier revision of `utterance`. Utterances that are too old are removed."""
        self.listened_to(utterance.heard_ns)
        if not utterance.final:
            words = tuple(replace(word, final=False) for word in utterance.words)
            utterance = replace(utterance, words=words)
        with self._lock:
            self._utterances[utterance.index] = utterance
            for index in [
                i
                for i, u in self._utterances.items()
                if u.final and u.heard_ns < utterance.heard_ns - self._keep_ns
            ]:
                del self._utterances[index]

    def words(self, start_ns: int, end_ns: int) -> tuple[Word, ...]:
        """Words that ended in (start_ns, end_ns], in spoken order."""
        with self._lock:
            utterances = sorted(self._utterances.items())
        return tuple(w for _, u in utterances for w in u.words if start_ns < w.end_ns <= end_ns)
