"""The words heard so far: utterances that are revised until they are final, and then forgotten."""

from __future__ import annotations

import threading

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
        """Capture time up to which the speech recogniser has listened; None before it began."""
        return self._heard_ns

    def listened_to(self, heard_ns: int) -> None:
        """Note that the recogniser has come this far, words or none."""
        self._heard_ns = max(heard_ns, self._heard_ns or heard_ns)

    def revise(self, utterance: Utterance) -> None:
        """Put `utterance` in the place of its earlier revision; drop what is out of reach."""
        self.listened_to(utterance.heard_ns)
        with self._lock:
            self._utterances[utterance.index] = utterance
            for index in [
                i
                for i, u in self._utterances.items()
                if u.final and u.heard_ns < utterance.heard_ns - self._keep_ns
            ]:
                del self._utterances[index]

    def words(self, start_ns: int, end_ns: int) -> tuple[Word, ...]:
        """Words that ended in (start_ns, end_ns], in the order in which they were said."""
        with self._lock:
            utterances = sorted(self._utterances.items())
        return tuple(w for _, u in utterances for w in u.words if start_ns < w.end_ns <= end_ns)
