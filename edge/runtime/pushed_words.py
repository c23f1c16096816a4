"""Words that a program has recognised itself, as utterances of a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.errors import SourceError
from edge.runtime.pushed_checks import shown, whole_ns
from edge.types import Utterance, Word


class PushedWords:
    """The pushed utterances, each final, in their order. One thread."""

    def __init__(self) -> None:
        self._count = 0
        self._end_ns: int | None = None
        """Where the last word ended."""

    def push(self, words: Sequence[Word], heard_ns: int) -> Utterance:
        """The next utterance.

        Args:
            words: As given.
            heard_ns: How far was listened, as given.

        Raises:
            SourceError: They are no words in order, or a time is no whole number.
        """
        checked = _checked(words, self._end_ns)
        heard_ns = whole_ns("An utterance needs heard_ns", heard_ns)
        utterance = Utterance(self._count, checked, final=True, heard_ns=heard_ns)
        self._count += 1
        self._end_ns = checked[-1].end_ns if checked else self._end_ns
        return utterance


def _checked(words: Sequence[Word], since_ns: int | None) -> tuple[Word, ...]:
    """The words of one utterance.

    Args:
        words: As given.
        since_ns: Where the last word before these ended; None without one.

    Raises:
        SourceError: One is not an `edge.Word`, or they are not in the order of their times.
    """
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise SourceError(f"Words are a list of edge.Word, not {shown(words)}.")
    checked: list[Word] = []
    for word in words:
        if not isinstance(word, Word) or not isinstance(word.text, str):
            raise SourceError(
                f"A word is an edge.Word(text, start_ns, end_ns, confidence), not {shown(word)}."
            )
        start_ns = whole_ns(f"The word {shown(word.text)} needs its start", word.start_ns)
        end_ns = whole_ns(f"The word {shown(word.text)} needs its end", word.end_ns)
        if end_ns < start_ns or (since_ns is not None and end_ns < since_ns):
            earlier = "its own start" if end_ns < start_ns else "the word before it ended"
            raise SourceError(
                f"The word {shown(word.text)} ends at {end_ns} ns, before {earlier}: give words in"
                " the order of their times."
            )
        sure = word.confidence
        if not isinstance(sure, int | float | np.number) or not 0 <= sure <= 1:
            raise SourceError(
                f"The word {shown(word.text)} has the confidence {shown(sure)}: give a number in"
                " 0..1."
            )
        checked.append(Word(word.text, start_ns, end_ns, float(sure)))
        since_ns = end_ns
    return tuple(checked)
