"""Words to hashed subword ids: no vocabulary file, and a word never seen still shares its parts.

An ASR engine writes neither case, punctuation nor digits. Written text is brought to the same form
by the same function, but for its marks (! ? 🙂 and the like), which are words of their own: where a
transcript has them they tell a lot (2.9 points of macro-F1 on GoEmotions).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.types import NS_PER_S, Float, Observation, Word

QUALITY = ("word_rate_hz", "asr_confidence", "age_s", "words")
"""What is measured beside the words, in this order:

word_rate_hz    words a second over that part of the look-back which was listened to
asr_confidence  mean of the words' confidences as the ASR engine claims them; 0 without words
age_s           seconds since the last word ended; the whole look-back without words
words           how many words lie in the look-back
"""

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
_TENS = (
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)
# fmt: on
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*'?|[^\w\s'\"\u200d\ufe0f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MIN_HEARD_S = 1.0


@dataclass(frozen=True)
class TextParams:
    """Everything that decides the ids. Id 0 is padding; `buckets` counts it."""

    version: int = 2
    words: int = 40
    ids: int = 8
    buckets: int = 16384
    shortest: int = 3
    longest: int = 5


def normalise(text: str) -> list[str]:
    """Any text as the words an ASR engine would write, and its marks: "It's 25!" -> ["it's",
    "twenty", "five", "!"]."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words: list[str] = []
    for token in _TOKEN.findall(plain):
        words.extend(_spoken(token) if token.isdecimal() else [token])
    return words


def is_mark(word: str) -> bool:
    """Whether a word of `normalise` is a mark, which nobody says."""
    return not word[0].isalnum()


def encode(words: Sequence[str], params: TextParams) -> NDArray[np.int32]:
    """Ids of the last `params.words` words, earliest first; int32, shape (words, ids), zero-padded.

    A row holds the whole word's id, then those of its character n-grams. The table is read-only.
    """
    return _table(tuple(words), params)


def describe(
    words: Sequence[Word], now_ns: int, window_ns: int, heard_ns: int, params: TextParams
) -> Observation:
    """The words that ended within `window_ns` before `now_ns`, encoded and measured.

    Args:
        heard_ns: how much of the look-back was listened to; less than all of it after a start.

    Returns:
        `t_ns` is the end of the last word. Without words it is `now_ns` and the tensor is None.
    """
    recent = [word for word in words if now_ns - window_ns < word.end_ns <= now_ns]
    quality = _measure(recent, now_ns, window_ns, heard_ns)
    if not recent:
        return Observation(now_ns, None, quality)
    tensor = encode([word.text for word in recent], params)
    return Observation(recent[-1].end_ns, tensor, quality)


class TextFrontEnd:
    """Follows a transcript; one thread. Words change far less often than it is asked, so the last
    tables are kept: an unchanged transcript costs a look-up."""

    def __init__(self, params: TextParams) -> None:
        self.params = params
        self._first_ns: int | None = None

    def process(self, words: Sequence[Word], now_ns: int, window_ns: int) -> Observation:
        """As `describe`; the first call is taken as the moment when listening began.

        Args:
            words: all words known now, in order of time; older ones are left out here.
            now_ns: the window's end on the capture clock.
            window_ns: the look-back.
        """
        if self._first_ns is None:
            self._first_ns = now_ns
        return describe(words, now_ns, window_ns, now_ns - self._first_ns, self.params)


def _measure(recent: Sequence[Word], now_ns: int, window_ns: int, heard_ns: int) -> Float:
    heard_s = max(min(heard_ns, window_ns) / NS_PER_S, _MIN_HEARD_S)
    if not recent:
        return np.array([0.0, 0.0, window_ns / NS_PER_S, 0.0], dtype=np.float32)
    confidence = sum(word.confidence for word in recent) / len(recent)
    age_s = (now_ns - recent[-1].end_ns) / NS_PER_S
    return np.array([len(recent) / heard_s, confidence, age_s, len(recent)], dtype=np.float32)


@lru_cache(maxsize=64)
def _table(words: tuple[str, ...], params: TextParams) -> NDArray[np.int32]:
    spoken = [part for word in words for part in normalise(word)][-params.words :]
    table = np.zeros((params.words, params.ids), dtype=np.int32)
    for row, word in enumerate(spoken):
        ids = _ids(word, params)
        table[row, : len(ids)] = ids
    table.flags.writeable = False
    return table


@lru_cache(maxsize=65536)
def _ids(word: str, params: TextParams) -> tuple[int, ...]:
    """A long word has more n-grams than places. The ones with the smallest hashes are kept, so that
    two words which share n-grams tend to keep the same ones (min-wise sampling)."""
    marked = f"<{word}>"
    grams = {
        marked[start : start + length]
        for length in range(params.shortest, params.longest + 1)
        for start in range(len(marked) - length + 1)
    }
    hashes = sorted(zlib.crc32(_utf8(gram)) for gram in grams if gram != marked)
    whole = zlib.crc32(b"=" + _utf8(word))
    return tuple(1 + h % (params.buckets - 1) for h in (whole, *hashes[: params.ids - 1]))


def _utf8(text: str) -> bytes:
    """Half a surrogate pair, which UTF-8 has no bytes for, counts as U+FFFD: Python's own
    replacement is a question mark, and that is a word here."""
    return _SURROGATE.sub("\ufffd", text).encode()


def _spoken(digits: str) -> list[str]:
    """A number as it is said; one of seven digits or more is read out digit by digit."""
    if len(digits) > 6 or (len(digits) > 1 and digits[0] == "0"):
        return [_UNITS[int(digit)] for digit in digits]
    number = int(digits)
    if number >= 1000:
        rest = _spoken(str(number % 1000)) if number % 1000 else []
        return [*_spoken(str(number // 1000)), "thousand", *rest]
    if number >= 100:
        rest = _spoken(str(number % 100)) if number % 100 else []
        return [_UNITS[number // 100], "hundred", *rest]
    if number < 20:
        return [_UNITS[number]]
    return [_TENS[number // 10], *([_UNITS[number % 10]] if number % 10 else [])]
