"""Augmentation of text lines: word times, ASR confidences and recognition errors."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np

from edge.asr.stability import AFTER, CONFIDENCE
from edge.faults import FAULTS
from edge.types import NS_PER_S, Word

STOOD = (
    (0.89, 0.11, 0.0),
    (0.24, 0.44, 0.32),
)
"""How long words have stood, by the words after them: shares of the rows of `CONFIDENCE`, a row for
each of `AFTER`. `cdat-train words` prints them."""


def spoken(words: list[str], rng: np.random.Generator) -> list[Word]:
    """Words with the times and confidences of a correct recognition; all times are before 0.

    The confidences of pocketsphinx's correct words, on a clear voice, have the 5, 25 and 50 %
    quantiles 0.23, 0.69 and 0.89. In half of the lines the newest words are partial results.
    """
    rate_hz = rng.uniform(1.8, 3.6)
    age_s = rng.uniform(0.1, 4.0)
    length_s = 1 / rate_hz
    partial = int(rng.integers(0, len(words) + 1)) if rng.random() < 0.5 else 0
    timed = []
    for back, word in enumerate(reversed(words)):
        end_s = -age_s - back * length_s
        start_s = end_s - 0.9 * length_s
        final = back >= partial
        sure = float(rng.beta(3.0, 0.6)) if final else _unfinished(back, rng)
        timed.append(Word(word, round(start_s * NS_PER_S), round(end_s * NS_PER_S), sure, final))
    return timed[::-1]


def faulted(words: list[Word], fault: str, severity: float, rng: np.random.Generator) -> list[Word]:
    """The same words with a fault; most inserted words have a lower confidence."""
    before = {(word.text, word.start_ns) for word in words}
    after: list[Word] = list(FAULTS["text"][fault](words, severity, rng))
    unsure = []
    for word in after:
        made_up = (word.text, word.start_ns) not in before
        # Words that pocketsphinx finds in very noisy speech: median 0.11, some 0.97.
        sure = float(rng.beta(0.8, 1.2)) if made_up and word.final else word.confidence
        unsure.append(replace(word, confidence=sure))
    return unsure


def _unfinished(words_after: int, rng: np.random.Generator) -> float:
    """The confidence of a word that is not final, with so many words after it."""
    column = bisect_right(AFTER, words_after) - 1
    row = int(rng.choice(len(CONFIDENCE), p=STOOD[column]))
    return CONFIDENCE[row][column]
