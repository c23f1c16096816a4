"""Words arrive late, are revised, and leave the window."""

from __future__ import annotations

from edge.recognition.transcript import Transcript
from edge.types import NS_PER_S, Utterance, Word


def word(text: str, end_s: float) -> Word:
    return Word(text, round((end_s - 0.2) * NS_PER_S), round(end_s * NS_PER_S), 0.9)


def utterance(index: int, *words: Word, final: bool = False, heard_s: float = 0.0) -> Utterance:
    return Utterance(index, words, final, round(heard_s * NS_PER_S))


def texts(transcript: Transcript, start_s: float, end_s: float) -> list[str]:
    start_ns, end_ns = round(start_s * NS_PER_S), round(end_s * NS_PER_S)
    return [w.text for w in transcript.words(start_ns, end_ns)]


def test_a_partial_word_is_replaced_when_the_utterance_is_revised() -> None:
    transcript = Transcript(10 * NS_PER_S)
    transcript.revise(utterance(0, word("eye", 1), heard_s=1))
    assert texts(transcript, 0, 5) == ["eye"]
    transcript.revise(utterance(0, word("i", 1), word("see", 1.5), final=True, heard_s=2))
    assert texts(transcript, 0, 5) == ["i", "see"]


def test_a_word_says_whether_it_may_still_be_revised() -> None:
    transcript = Transcript(10 * NS_PER_S)
    transcript.revise(utterance(0, word("sure", 1), final=True, heard_s=1))
    transcript.revise(utterance(1, word("may", 2), heard_s=2))
    assert [w.final for w in transcript.words(0, 5 * NS_PER_S)] == [True, False]


def test_words_outside_the_look_back_are_left_out() -> None:
    transcript = Transcript(10 * NS_PER_S)
    transcript.revise(utterance(0, word("old", 1), word("new", 4), heard_s=4))
    assert texts(transcript, 2, 5) == ["new"]
    assert texts(transcript, 0, 2) == ["old"]


def test_utterances_keep_the_order_in_which_they_were_said() -> None:
    transcript = Transcript(10 * NS_PER_S)
    transcript.revise(utterance(1, word("second", 3), heard_s=3))
    transcript.revise(utterance(0, word("first", 1), final=True, heard_s=3))
    assert texts(transcript, 0, 5) == ["first", "second"]


def test_memory_holds_only_the_newest_utterances_after_a_day() -> None:
    transcript = Transcript(10 * NS_PER_S)
    for i in range(10_000):
        transcript.revise(utterance(i, word("w", i), final=True, heard_s=i))
    assert len(transcript._utterances) <= 12
    assert texts(transcript, 9_995, 10_000) == ["w"] * 4


def test_time_heard_advances_without_words() -> None:
    transcript = Transcript(NS_PER_S)
    assert transcript.heard_ns is None
    transcript.listened_to(5)
    transcript.listened_to(3)
    assert transcript.heard_ns == 5
