"""The ids of words are the same in every process, machine and release."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from fixtures.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from edge.frontends.text import (
    QUALITY,
    TextFrontEnd,
    TextParams,
    describe,
    encode,
    is_mark,
    normalise,
)
from edge.types import NS_PER_S, Word

PARAMS = TextParams()
SECOND = NS_PER_S


def said(text: str, *, start_s: float = 0.0, confidence: float = 0.8) -> list[Word]:
    """One word each half second, each 0.4 s long."""
    words = []
    for place, word in enumerate(text.split()):
        start_ns = round((start_s + place / 2) * SECOND)
        words.append(Word(word, start_ns, start_ns + 2 * SECOND // 5, confidence))
    return words


def signal(quality: np.ndarray, name: str) -> float:
    return float(quality[QUALITY.index(name)])


def ids_of(word: str) -> set[int]:
    return set(encode([word], PARAMS)[0].tolist()) - {0}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It's 25!", "it's twenty five !"),
        ("I DON\N{RIGHT SINGLE QUOTATION MARK}T know...", "i don't know . . ."),
        ("'tis the dogs' day", "tis the dogs' day"),
        ("well-known, e.g. here", "well - known , e . g . here"),
        ("0 7 10 13 20 99", "zero seven ten thirteen twenty ninety nine"),
        ("100 101 110 999", "one hundred one hundred one one hundred ten nine hundred ninety nine"),
        ("1000 2024", "one thousand two thousand twenty four"),
        (
            "123456",
            "one hundred twenty three thousand four hundred fifty six",
        ),
        ("1234567", "one two three four five six seven"),
        ("007 00", "zero zero seven zero zero"),
        ("B2B 3rd", "b two b three rd"),
        ("snake_case", "snake case"),
        ("Zoë naïve ÉTÉ", "zoë naïve été"),
        ("٢٥", "twenty five"),
        ("", ""),
        ("?! -- ... \n\t", "? ! - - . . ."),
        ("🙂 ok 🙂", "🙂 ok 🙂"),
    ],
)
def test_written_text_is_normalised_to_asr_output(written: str, spoken: str) -> None:
    assert normalise(written) == spoken.split()


@given(st.text(max_size=60))
def test_normal_text_stays_as_it_is_whatever_the_script(text: str) -> None:
    words = normalise(text)
    assert normalise(" ".join(words)) == words


@examples(60)
@given(st.lists(st.text(st.characters(), max_size=12), max_size=60))
def test_any_text_gives_a_table_of_valid_ids(words: list[str]) -> None:
    table = encode(words, PARAMS)
    assert table.shape == (PARAMS.words, PARAMS.ids) and table.dtype == np.int32
    assert table.min() >= 0 and table.max() < PARAMS.buckets
    used = table != 0
    rows = used.any(axis=1)
    assert (np.sort(~rows) == ~rows).all(), "padding comes after the words"
    assert (np.sort(~used, axis=1) == ~used).all(), "padding comes after a word's ids"


def test_half_a_character_pair_becomes_the_replacement_character() -> None:
    """A transcript cut in the middle of a pair holds a lone surrogate, which UTF-8 cannot say."""
    for half in ("\ud800", "\udbff", "\udc00", "\udfff"):
        np.testing.assert_array_equal(encode([half], PARAMS), encode(["\ufffd"], PARAMS))
        broken, mended = encode([f"so{half}happy"], PARAMS), encode(["so\ufffdhappy"], PARAMS)
        np.testing.assert_array_equal(broken, mended)
    assert (encode(["\ud800"], PARAMS) != encode(["?"], PARAMS)).any()  # "?" means something


# Written down once. A change of hash, of n-grams or of their order makes every bundle that was
# trained before it worthless, without any error: then raise TextParams.version and train again.
PINNED = {
    "happy": [2227, 3362, 3090, 1738, 15853, 16145, 15859, 13967],
    "i": [318, 0, 0, 0, 0, 0, 0, 0],
    "don't": [1861, 14708, 10933, 4670, 15120, 2552, 9292, 9247],
    "wonderful": [1730, 1425, 12757, 9128, 11287, 687, 3479, 15975],
    "été": [7543, 1680, 16360, 31, 16373, 15399, 0, 0],
}


@pytest.mark.parametrize("word", PINNED)
def test_the_ids_are_those_that_bundles_were_trained_on(word: str) -> None:
    assert encode([word], PARAMS)[0].tolist() == PINNED[word]


def test_ids_are_the_same_in_another_process() -> None:
    """Python's own hash() would differ: it is salted a process."""
    embedding = (
        "from edge.frontends.text import TextParams, encode;"
        "print(encode(['such', 'a', 'wonderful', 'day'], TextParams()).tobytes().hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", embedding], capture_output=True, text=True, check=True
    )
    here = encode(["such", "a", "wonderful", "day"], PARAMS)
    assert done.stdout.strip() == here.tobytes().hex()


def test_case_does_not_matter_and_a_mark_is_a_word_of_its_own() -> None:
    np.testing.assert_array_equal(encode(["Happy!"], PARAMS), encode(["happy", "!"], PARAMS))
    assert is_mark("!") and is_mark("🙂") and not is_mark("happy") and not is_mark("٢")
    np.testing.assert_array_equal(encode(["25"], PARAMS), encode(["twenty", "five"], PARAMS))


def test_of_a_long_speech_the_last_forty_words_are_kept() -> None:
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]
    np.testing.assert_array_equal(encode(words, PARAMS), encode(words[-PARAMS.words :], PARAMS))
    assert (encode(words, PARAMS)[:, 0] != 0).all()


def test_a_number_that_becomes_many_words_counts_as_many() -> None:
    table = encode(["first", *["123456"] * 5], PARAMS)
    assert (table[:, 0] != 0).all()
    assert table[-1].tolist() == encode(["six"], PARAMS)[0].tolist()


@pytest.mark.parametrize(
    ("word", "kin", "stranger"),
    [("happy", "happily", "angry"), ("angry", "angrier", "wonderful"), ("love", "loved", "hate")],
)
def test_a_word_shares_more_ids_with_related_words_than_with_others(
    word: str, kin: str, stranger: str
) -> None:
    assert len(ids_of(word) & ids_of(kin)) >= 1
    assert len(ids_of(word) & ids_of(kin)) > len(ids_of(word) & ids_of(stranger))


def test_words_that_differ_have_other_whole_word_ids() -> None:
    words = ["i", "you", "he", "she", "we", "they", "happy", "sad", "angry", "love", "not", "no"]
    firsts = encode(words, PARAMS)[: len(words), 0]
    assert len(set(firsts.tolist())) == len(words)


def test_no_words_give_only_padding() -> None:
    assert not encode([], PARAMS).any()
    assert not encode(["'", '"', ""], PARAMS).any()


def test_a_table_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        encode(["mine"], PARAMS)[0, 0] = 1


def test_only_words_that_ended_within_the_look_back_count() -> None:
    words = said("one two three four")  # they end at 0.4, 0.9, 1.4 and 1.9 s
    seen = describe(words, round(1.5 * SECOND), SECOND, 10 * SECOND, PARAMS)
    np.testing.assert_array_equal(seen.tensor, encode(["two", "three"], PARAMS))
    assert seen.t_ns == words[2].end_ns
    assert signal(seen.quality, "words") == 2
    assert signal(seen.quality, "age_s") == pytest.approx(0.1)
    assert signal(seen.quality, "asr_confidence") == pytest.approx(0.8)


def test_a_word_just_at_the_look_backs_far_end_is_out_and_at_its_near_end_is_in() -> None:
    words = said("old new")
    seen = describe(words, words[1].end_ns, words[1].end_ns - words[0].end_ns, SECOND, PARAMS)
    np.testing.assert_array_equal(seen.tensor, encode(["new"], PARAMS))


def test_silence_gives_no_tensor_and_the_age_of_the_look_back() -> None:
    seen = describe(said("long ago"), 60 * SECOND, 10 * SECOND, 60 * SECOND, PARAMS)
    assert seen.tensor is None and seen.t_ns == 60 * SECOND
    assert seen.quality.tolist() == [0.0, 0.0, 10.0, 0.0]


def test_the_word_rate_is_over_the_time_heard_and_at_least_a_second() -> None:
    words = said("a b c d")
    for heard_s, rate_hz in ((0.0, 4.0), (0.5, 4.0), (2.0, 2.0), (8.0, 0.5), (99.0, 0.5)):
        seen = describe(words, 2 * SECOND, 8 * SECOND, round(heard_s * SECOND), PARAMS)
        assert signal(seen.quality, "word_rate_hz") == pytest.approx(rate_hz)


def test_a_front_end_counts_listening_from_its_first_call() -> None:
    front_end = TextFrontEnd(PARAMS)
    front_end.process([], 100 * SECOND, 10 * SECOND)
    after_4_s = front_end.process(said("a b", start_s=102), 104 * SECOND, 10 * SECOND)
    assert signal(after_4_s.quality, "word_rate_hz") == pytest.approx(2 / 4)
    after_20_s = front_end.process(said("a b", start_s=115), 120 * SECOND, 10 * SECOND)
    assert signal(after_20_s.quality, "word_rate_hz") == pytest.approx(2 / 10)


def test_a_revised_word_changes_the_table_and_back_again() -> None:
    front_end = TextFrontEnd(PARAMS)
    heard, revised = said("i am so sad"), said("i am so glad")
    first = front_end.process(heard, 3 * SECOND, 10 * SECOND).tensor
    second = front_end.process(revised, 3 * SECOND, 10 * SECOND).tensor
    third = front_end.process(heard, 3 * SECOND, 10 * SECOND).tensor
    assert first is not None and second is not None and third is not None
    assert (first != second).any()
    np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize(("version", "confidence"), [(2, 0.75), (3, 0.6)])
def test_unfinished_words_count_as_they_did_in_the_training(
    version: int, confidence: float
) -> None:
    final, newest = said("one two")
    newest = replace(newest, confidence=0.4, final=False)
    params = replace(PARAMS, version=version)
    seen = describe([final, newest], 2 * SECOND, 2 * SECOND, 2 * SECOND, params)
    assert signal(seen.quality, "asr_confidence") == pytest.approx(confidence)
