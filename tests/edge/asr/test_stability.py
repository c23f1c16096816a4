"""The confidence of words that may still be revised."""

from __future__ import annotations

from itertools import pairwise

from edge.asr.stability import CONFIDENCE, Stability, same_words
from edge.types import NS_PER_MS, Word


def word(text: str, start_ms: int, end_ms: int, confidence: float = 1.0) -> Word:
    return Word(text, start_ms * NS_PER_MS, end_ms * NS_PER_MS, confidence)


def judged(stability: Stability, heard_ms: int, *words: Word) -> list[float]:
    return [one.confidence for one in stability.judge(words, heard_ms * NS_PER_MS)]


def test_a_word_that_stays_grows_surer() -> None:
    stability = Stability()
    see, you = word("see", 100, 400), word("you", 3700, 3900)
    at = [judged(stability, heard_ms, see)[0] for heard_ms in range(500, 4000, 100)]
    assert all(before <= after for before, after in pairwise(at)) and len(set(at)) > 2
    assert judged(stability, 4000, see, you) == [at[-1], at[0]], "the newest has just come"


def test_a_word_with_another_after_it_is_surer_than_the_newest_one() -> None:
    newest = judged(Stability(), 500, word("see", 100, 400))
    both = judged(Stability(), 500, word("see", 100, 300), word("you", 310, 490))
    assert both[0] > newest[0] == both[1]


def test_a_changed_word_starts_anew_and_its_neighbours_do_not() -> None:
    stability = Stability()
    hi, and_, so = word("hi", 0, 200), word("and", 210, 400), word("so", 410, 600)
    for heard_ms in (700, 1500, 2500):
        before = judged(stability, heard_ms, hi, and_, so)
    after = judged(stability, 2600, hi, word("am", 210, 400), so)
    assert after[1] < before[1]
    assert after[0] >= before[0] and after[2] >= before[2]


def test_a_word_that_shifts_a_little_is_the_same_and_one_elsewhere_is_not() -> None:
    stability = Stability()
    stability.follow([word("no", 0, 300)], 400 * NS_PER_MS)
    stability.follow([word("no", 60, 340)], 900 * NS_PER_MS)
    shifted = stability.follow([word("oh", 0, 50), word("no", 90, 360)], 1000 * NS_PER_MS)[1]
    assert shifted.since_ns == 400 * NS_PER_MS and shifted.revisions == 1
    elsewhere = stability.follow([word("no", 800, 950)], 1100 * NS_PER_MS)[0]
    assert elsewhere.since_ns == 1100 * NS_PER_MS and elsewhere.revisions == 0


def test_a_repeated_word_is_told_from_its_neighbour_by_order_and_time() -> None:
    before = [word("no", 0, 200), word("no", 200, 400), word("no", 400, 600)]
    assert same_words(before, before) == [0, 1, 2]
    assert same_words(before, before[2:]) == [1] or same_words(before, before[2:]) == [2]
    assert same_words(before, [word("no", 0, 190), word("yes", 200, 400)]) == [0, None]
    assert same_words([], before) == [None] * 3 and same_words(before, []) == []


def test_the_next_utterance_begins_with_nothing() -> None:
    stability = Stability()
    see = word("see", 100, 400)
    first = judged(stability, 500, see)
    assert judged(stability, 3000, see) > first
    stability.reset()
    assert judged(stability, 3000, see) == first


def test_the_table_never_falls_where_a_word_is_more_stable() -> None:
    for row in (*CONFIDENCE, *zip(*CONFIDENCE, strict=True)):
        assert list(row) == sorted(row)
        assert all(0 < level < 1 for level in row)
