"""Word stability: how long the words of an unfinished utterance have stood unchanged."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from edge.types import NS_PER_MS, Word


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one unfinished word.

    Attributes:
        since_ns: Capture time up to which sound was heard when it first stood there with this text.
        revisions: How often the utterance's words have changed since, and it stayed.
        words_after: Words of the utterance after it.
        behind_ns: From its end to the newest sound.
    """

    word: Word
    since_ns: int
    revisions: int
    words_after: int
    behind_ns: int


def same_words(before: Sequence[Word], now: Sequence[Word]) -> list[int | None]:
    """For each word of `now`, which one of `before` is the same: the same text at times that touch,
    and in the same order. Both are in spoken order."""
    found: list[int | None] = []
    first = 0
    for word in now:
        while first < len(before) and before[first].end_ns < word.start_ns:
            first += 1
        touching = takewhile(
            lambda at: before[at].start_ns <= word.end_ns,  # noqa: B023
            range(first, len(before)),
        )
        at = next((at for at in touching if before[at].text == word.text), None)
        found.append(at)
        first = first if at is None else at + 1
    return found


STOOD_MS = (0, 300, 1000)
AFTER = (0, 1)
CONFIDENCE = (
    (0.45, 0.55),
    (0.75, 0.80),
    (0.95, 0.95),
)
"""Share of unfinished words that the final result has, too: a row for each time that the word has
stood, from `STOOD_MS` on, a column for each number of words after it, from `AFTER` on. It is the
first table of `cdat-train words`, in steps of 0.05; the newest word, which never stood for a
second there, has the value of the others."""


def confidence_of(stood_ms: float, words_after: int) -> float:
    """The confidence of an unfinished word for which the engine claims nothing of its own."""
    row = bisect_right(STOOD_MS, stood_ms) - 1
    return CONFIDENCE[row][bisect_right(AFTER, words_after) - 1]


class Stability:
    """Follows the revisions of one utterance. One thread."""

    def __init__(self) -> None:
        self._standing: tuple[Standing, ...] = ()

    def reset(self) -> None:
        """Forget the utterance: it is final."""
        self._standing = ()

    def judge(self, words: Sequence[Word], heard_ns: int) -> tuple[Word, ...]:
        """`follow`, and give each word the confidence that its stability earns."""
        return tuple(
            replace(
                one.word,
                confidence=confidence_of((heard_ns - one.since_ns) / NS_PER_MS, one.words_after),
            )
            for one in self.follow(words, heard_ns)
        )

    def follow(self, words: Sequence[Word], heard_ns: int) -> tuple[Standing, ...]:
        """Take the utterance's words as they are now, whether or not they have changed.

        Args:
            words: All words of the utterance, in spoken order.
            heard_ns: Capture time up to which sound was heard.
        """
        before = self._standing
        same = same_words([one.word for one in before], words)
        changed = len(before) != len(words) or None in same
        standing = []
        for place, (word, old) in enumerate(zip(words, same, strict=True)):
            after, behind_ns = len(words) - 1 - place, max(0, heard_ns - word.end_ns)
            if old is None:
                standing.append(Standing(word, heard_ns, 0, after, behind_ns))
            else:
                was = before[old]
                survived = was.revisions + changed
                standing.append(Standing(word, was.since_ns, survived, after, behind_ns))
        self._standing = tuple(standing)
        return self._standing


def shown(words: Sequence[Word]) -> tuple[tuple[str, int], ...]:
    """What of partial words is worth another revision: their texts, and confidences to 0.05."""
    return tuple((word.text, round(20 * word.confidence)) for word in words)
