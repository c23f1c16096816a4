"""Augmentation of text lines: word times, ASR confidences and recognition errors."""

from __future__ import annotations

import numpy as np

from edge.asr.base import PARTIAL_CONFIDENCE
from edge.faults import FAULTS
from edge.types import NS_PER_S, Word


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
        sure = PARTIAL_CONFIDENCE if back < partial else float(rng.beta(3.0, 0.6))
        timed.append(Word(word, round(start_s * NS_PER_S), round(end_s * NS_PER_S), sure))
    return timed[::-1]


def faulted(words: list[Word], fault: str, severity: float, rng: np.random.Generator) -> list[Word]:
    """The same words with a fault; most inserted words have a lower confidence."""
    before = {(word.text, word.start_ns) for word in words}
    after: list[Word] = list(FAULTS["text"][fault](words, severity, rng))
    unsure = []
    for word in after:
        made_up = (word.text, word.start_ns) not in before
        final = word.confidence != PARTIAL_CONFIDENCE
        # Words that pocketsphinx finds in very noisy speech: median 0.11, some 0.97.
        sure = float(rng.beta(0.8, 1.2)) if made_up and final else word.confidence
        unsure.append(Word(word.text, word.start_ns, word.end_ns, sure))
    return unsure
