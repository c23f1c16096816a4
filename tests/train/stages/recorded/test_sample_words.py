"""The words of a sample, moment by moment."""

import numpy as np
import pytest

from edge.types import Utterance, Word
from train.corpora.recorded.samples import Sample
from train.stages.recorded.readings import Items, Readings
from train.stages.recorded.sample_words import SampleWords

S = 1_000_000_000
NONE = Items(
    np.zeros(0, np.int64),
    np.zeros((0, 6), np.float32),
    np.zeros((0, 8), np.float32),
    np.zeros(0, bool),
    np.zeros(0, np.float32),
)


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text, round(start_s * S), round(end_s * S), 0.9)


def sample(words: tuple[Word, ...] | None) -> Sample:
    return Sample("one", "file", 2.0, 8.0, "happy", "a", None, words)


def heard(*messages: tuple[float, list[Utterance]]) -> Readings:
    said = [(round(at_s * S), utterances) for at_s, utterances in messages]
    return Readings(0, 10 * S, {"audio": NONE, "vision": NONE}, said)


def shown(words: list[Word]) -> list[str]:
    return [one.text for one in words]


def test_a_revision_replaces_and_earlier_words_are_left_out() -> None:
    told = heard(
        (1.5, [Utterance(0, (word("before", 1.0, 1.4),), True, round(1.5 * S))]),
        (3.0, [Utterance(1, (word("sat", 2.2, 2.8),), False, 3 * S)]),
        (4.0, [Utterance(1, (word("sad", 2.2, 2.8), word("news", 3.1, 3.9)), True, 4 * S)]),
    )
    words = SampleWords(sample(None), told, 2 * S, 8 * S)
    assert shown(words.at(round(2.5 * S))) == []
    assert shown(words.at(round(3.5 * S))) == ["sat"]
    assert shown(words.at(5 * S)) == ["sad", "news"]


@pytest.mark.parametrize("at_s", [2.5, 3.0, 4.0, 7.9])
def test_it_knows_the_same_whether_it_was_asked_before_or_not(at_s: float) -> None:
    told = heard(
        *(
            (
                2.0 + k / 2,
                [Utterance(k, (word(str(k), 2 + k / 2 - 0.4, 2 + k / 2),), k % 2 == 0, 0)],
            )
            for k in range(12)
        )
    )
    asked = SampleWords(sample(None), told, 2 * S, 8 * S)
    for tenth in range(20, round(at_s * 10)):
        asked.at(tenth * S // 10)
    at_once = SampleWords(sample(None), told, 2 * S, 8 * S)
    assert asked.at(round(at_s * S)) == at_once.at(round(at_s * S))


def test_words_of_the_table_appear_when_they_end() -> None:
    words = SampleWords(
        sample((word("good", 2.0, 2.4), word("news", 2.5, 3.0))), heard(), 2 * S, 8 * S
    )
    assert shown(words.at(round(2.45 * S))) == ["good"]
    assert shown(words.at(3 * S)) == ["good", "news"]
