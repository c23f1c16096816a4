"""Many transcripts of one line: when it was said, how sure the ASR engine was, what it missed."""

from __future__ import annotations

import numpy as np

from edge.faults import FAULTS
from edge.types import NS_PER_S, Word

LOOK_BACK_S = 10.0


def spoken(words: list[str], rng: np.random.Generator) -> list[Word]:
    """Words with the times and confidences of a good recognition, ending at time 0.

    Confidences of good words: mean 0.88, some low, as Vosk and pocketsphinx give them.
    """
    rate_hz = rng.uniform(1.8, 3.6)
    age_s = rng.uniform(0.1, 4.0)
    length_s = 1 / rate_hz
    timed = []
    for back, word in enumerate(reversed(words)):
        end_s = -age_s - back * length_s
        start_s = end_s - 0.9 * length_s
        sure = float(rng.beta(8.0, 1.1)) if rng.random() < 0.9 else float(rng.uniform(0.2, 1.0))
        timed.append(Word(word, round(start_s * NS_PER_S), round(end_s * NS_PER_S), sure))
    return timed[::-1]


def faulted(words: list[Word], fault: str, severity: float, rng: np.random.Generator) -> list[Word]:
    """The same words through a fault; most made-up ones are claimed less surely."""
    before = {(word.text, word.start_ns) for word in words}
    after: list[Word] = list(FAULTS["text"][fault](words, severity, rng))
    unsure = []
    for word in after:
        made_up = (word.text, word.start_ns) not in before and fault != "late"
        sure = float(rng.beta(2.2, 2.0)) if made_up and rng.random() < 0.8 else word.confidence
        unsure.append(Word(word.text, word.start_ns, word.end_ns, sure))
    return unsure
