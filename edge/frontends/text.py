"""Turns words into hashed subword ids. There is no vocabulary; a new word shares its parts.

An ASR engine writes no case, punctuation or digits. The same function brings written text to this
form. Only marks (! ? 🙂 and the like) are kept, as separate words: if a transcript has them, they
carry much information (2.9 points of macro-F1 on GoEmotions).
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
"""The signals measured for the words, in this order:

word_rate_hz    words a second over the part of the look-back that was transcribed
asr_confidence  mean of the words' confidences; 0 without words. Of final ones what the ASR engine
                claims; of others `UNFINISHED`, and from version 3 on that of `edge.asr.stability`
age_s           seconds since the last word ended; the whole look-back without words
words           number of words in the look-back
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

UNFINISHED = 0.7
"""The confidence of every unfinished word in the training of bundles of version 2. A lower one
would tell their reliability network that words are wrong which have only just come."""
STABILITY_VERSION = 3
"""The first version of `TextParams` with which an unfinished word has its own confidence in the
signals."""


@dataclass(frozen=True)
class TextParams:
    """All parameters that determine the ids. Id 0 is padding, and `buckets` includes it."""

    version: int = 3
    words: int = 40
    ids: int = 8
    buckets: int = 16384
    shortest: int = 3
    longest: int = 5


def normalise(text: str) -> list[str]:
    """Convert any text to the words that an ASR engine would write, and its marks: "It's 25!" ->
    ["it's", "twenty", "five", "!"]."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words: list[str] = []
    for token in _TOKEN.findall(plain):
        words.extend(_spoken(token) if token.isdecimal() else [token])
    return words


def is_mark(word: str) -> bool:
    """Whether a word of `normalise` is a mark, which is not spoken."""
    return not word[0].isalnum()


def encode(words: Sequence[str], params: TextParams) -> NDArray[np.int32]:
    """Ids of the last `params.words` words, earliest first; int32, shape (words, ids), zero-padded.

    A row has the id of the whole word, then those of its character n-grams. It is read-only.
    """
    return _table(tuple(words), params)


def describe(
    words: Sequence[Word], now_ns: int, window_ns: int, heard_ns: int, params: TextParams
) -> Observation:
    """Encode and measure the words that ended within `window_ns` before `now_ns`.

    Args:
        heard_ns: The transcribed part of the look-back; shorter than it after a start.

    Returns:
        `t_ns` is the end of the last word. Without words it is `now_ns` and the tensor is None.
    """
    recent = [word for word in words if now_ns - window_ns < word.end_ns <= now_ns]
    quality = _measure(recent, now_ns, window_ns, heard_ns, params.version)
    if not recent:
        return Observation(now_ns, None, quality)
    tensor = encode([word.text for word in recent], params)
    return Observation(recent[-1].end_ns, tensor, quality)


class TextFrontEnd:
    """Follows a transcript. One thread. Words change far less often than steps come, so the last
    tables are cached: an unchanged transcript costs one look-up."""

    def __init__(self, params: TextParams) -> None:
        self.params = params
        self._first_ns: int | None = None

    def process(self, words: Sequence[Word], now_ns: int, window_ns: int) -> Observation:
        """Like `describe`. The time of the first call counts as the start of transcription.

        Args:
            words: All words known now, in order of time. Older ones are ignored.
            now_ns: The window's end on the capture clock.
            window_ns: The look-back.
        """
        if self._first_ns is None:
            self._first_ns = now_ns
        return describe(words, now_ns, window_ns, now_ns - self._first_ns, self.params)


def _measure(
    recent: Sequence[Word], now_ns: int, window_ns: int, heard_ns: int, version: int
) -> Float:
    heard_s = max(min(heard_ns, window_ns) / NS_PER_S, _MIN_HEARD_S)
    if not recent:
        return np.array([0.0, 0.0, window_ns / NS_PER_S, 0.0], dtype=np.float32)
    own = version >= STABILITY_VERSION
    claimed = [w.confidence if own or w.final else UNFINISHED for w in recent]
    confidence = sum(claimed) / len(recent)
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
    """A long word has more n-grams than there are places. Those with the smallest hashes are kept,
    so that words with common n-grams tend to keep the same ones (min-wise sampling)."""
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
    """Encode text. Half of a surrogate pair has no UTF-8 bytes and counts as U+FFFD: Python's own
    replacement is a question mark, which is a word here."""
    return _SURROGATE.sub("\ufffd", text).encode()


def _spoken(digits: str) -> list[str]:
    """A number in spoken form. One of seven digits or more is read digit by digit."""
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
