"""The packaged ASR engine on the demo's speech, and on flite's if it is installed."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fixtures.speech import DEMO, RATE_HZ, START_NS, chunks, listen, room, sound_of

from edge.asr import open_asr, open_here
from edge.asr.base import SpeechToText
from edge.asr.stability import CONFIDENCE
from edge.types import NS_PER_S, Utterance


def open_pocketsphinx() -> SpeechToText:
    asr = open_asr("pocketsphinx", None)
    assert asr is not None
    return asr


@pytest.fixture(scope="module")
def demo() -> list[Utterance]:
    speech = np.concatenate([room(2), sound_of(DEMO), room(1.5)])
    return listen(open_pocketsphinx(), chunks(speech))


def finals(utterances: list[Utterance]) -> list[str]:
    return [word.text for u in utterances if u.final for word in u.words]


def test_the_demo_is_transcribed(demo: list[Utterance]) -> None:
    said = "happy to see this is wonderful thank you so much great day smiling laughing gift"
    heard = set(finals(demo))
    assert sum(word in heard for word in said.split()) >= 0.9 * len(said.split())


def test_words_carry_capture_times_and_confidences(demo: list[Utterance]) -> None:
    words = [word for u in demo if u.final for word in u.words]
    happy = next(word for word in words if word.text == "happy")
    # "happy" is said 0.78-1.17 s into the file, which begins 2 s after the sound does.
    assert happy.start_ns == pytest.approx(START_NS + 2.78 * NS_PER_S, abs=0.15 * NS_PER_S)
    assert happy.end_ns == pytest.approx(START_NS + 3.17 * NS_PER_S, abs=0.15 * NS_PER_S)
    for before, after in itertools.pairwise(words):
        assert before.start_ns < before.end_ns <= after.start_ns + 0.05 * NS_PER_S
    assert all(0 <= word.confidence <= 1 for word in words)
    assert not any(mark in word.text for word in words for mark in "<>[]()")


def test_partial_words_come_during_speech_and_final_words_replace_them(
    demo: list[Utterance],
) -> None:
    first = [u for u in demo if u.index == 0]
    assert len(first) > 5 and first[-1].final and not any(u.final for u in first[:-1])
    assert first[0].heard_ns < START_NS + 3 * NS_PER_S
    assert [u.index for u in demo] == sorted(u.index for u in demo)


def test_a_partial_word_that_stays_grows_surer(demo: list[Utterance]) -> None:
    partials = [u.words for u in demo if u.index == 0 and not u.final]
    levels = {level for row in CONFIDENCE for level in row}
    assert {word.confidence for words in partials for word in words} <= levels
    happy = [word.confidence for words in partials for word in words if word.text == "happy"]
    assert happy == sorted(happy) and happy[0] < happy[-1] == max(levels)
    newest = [words[-1].confidence for words in partials if len(words) > 3]
    oldest = [words[0].confidence for words in partials if len(words) > 3]
    assert np.mean(newest) < np.mean(oldest)


def test_noise_and_silence_invent_no_words() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.2, 4 * RATE_HZ).astype(np.float32)
    stream = np.concatenate([room(1), noise, np.zeros(RATE_HZ, np.float32), room(1)])
    assert listen(open_pocketsphinx(), chunks(stream)) == []


def test_nan_samples_are_silence() -> None:
    spoiled = np.concatenate([sound_of(DEMO), room(1)])
    spoiled[::4000] = np.nan
    heard = finals(listen(open_pocketsphinx(), chunks(spoiled)))
    assert {"happy", "wonderful", "together"} <= set(heard)


def test_a_gap_ends_the_utterance_and_later_words_have_their_own_times() -> None:
    speech = sound_of(DEMO)
    asr = open_pocketsphinx()
    before = [u for c in chunks(speech[: 2 * RATE_HZ]) for u in asr.accept(c)]
    assert before and not before[-1].final
    later = list(chunks(speech[: 4 * RATE_HZ], first=20 * RATE_HZ))
    after = listen(asr, iter(later))
    assert after[0].final and after[0].index == before[-1].index
    happy = [w for u in after if u.final and u.index > 0 for w in u.words if w.text == "happy"]
    assert happy[0].start_ns == pytest.approx(START_NS + 20.78 * NS_PER_S, abs=0.2 * NS_PER_S)


def test_after_a_restart_it_hears_as_a_new_one() -> None:
    speech = np.concatenate([room(0.5), sound_of(DEMO)[: 2 * RATE_HZ]])
    asr = open_here("pocketsphinx", None)
    assert asr is not None
    heard = listen(asr, chunks(speech))
    for chunk in chunks(speech):
        asr.accept(chunk)  # it is left within an utterance
    asr.restart()
    assert finals(heard)
    assert listen(asr, chunks(speech)) == heard


@pytest.mark.slow
def test_speech_without_a_pause_gives_final_words() -> None:
    speech = np.tile(sound_of(DEMO)[: 7 * RATE_HZ], 2)
    utterances = listen(open_pocketsphinx(), chunks(speech))
    longest = max(u.words[-1].end_ns - u.words[0].start_ns for u in utterances if u.words)
    assert longest <= 10.5 * NS_PER_S
    assert sum(u.final for u in utterances) >= 2


@pytest.mark.slow
def test_another_voice_is_transcribed(tmp_path: Path) -> None:
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed")
    wav = tmp_path / "said.wav"
    text = "the weather is very cold today and i am feeling sad"
    subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", str(wav)], check=True)
    heard = finals(listen(open_pocketsphinx(), chunks(np.concatenate([sound_of(wav), room(1)]))))
    assert sum(word in heard for word in text.split()) >= 0.8 * len(text.split())
