"""Simulated words have the confidences that the live run gives."""

from __future__ import annotations

import numpy as np
import pytest

from edge.asr.stability import CONFIDENCE
from train.augment.text_views import STOOD, faulted, spoken

LINE = ["so", "happy", "to", "see", "you", "here", "today"]
LEVELS = {level for row in CONFIDENCE for level in row}


def test_unfinished_words_are_the_newest_and_have_the_measured_confidences() -> None:
    rng = np.random.default_rng(1)
    lines = [spoken(LINE, rng) for _ in range(300)]
    for words in lines:
        finals = [word.final for word in words]
        assert finals == sorted(finals, reverse=True)
        assert {word.confidence for word in words if not word.final} <= LEVELS
    newest = [words[-1].confidence for words in lines if not words[-1].final]
    first = [words[0].confidence for words in lines if not words[0].final]
    assert 0 < len(first) < len(newest) < len(lines)
    assert np.mean(newest) < np.mean(first)


def test_words_that_are_made_up_stay_as_final_as_the_line() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        words = spoken(LINE, rng)
        wrong = faulted(words, "substituted", 1.0, rng)
        assert [word.final for word in wrong] == [word.final for word in words]
        assert all(word.confidence in LEVELS for word in wrong if not word.final)


def test_the_shares_of_a_row_are_all_words() -> None:
    assert all(sum(row) == pytest.approx(1) and len(row) == len(CONFIDENCE) for row in STOOD)
    assert len(STOOD) == len(CONFIDENCE[0])
