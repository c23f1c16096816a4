"""Speech-to-text in its own process: same words, no lock held, its death is reported."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
from fixtures.waiting import eventually, runs_module

from edge.asr import open_asr
from edge.asr.base import SpeechToText
from edge.asr.process import AsrProcess
from edge.bench.load import standard_load
from edge.bench.process import children
from edge.config import load_config
from edge.demo.script import _speech
from edge.errors import AsrError
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run
from edge.types import NS_PER_S, Chunk, Utterance

RATE_HZ = 16_000
CHILD = "edge.asr.child"


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    sound = _speech()[: 6 * RATE_HZ]
    return [
        Chunk(first * NS_PER_S // RATE_HZ, sound[first : first + 320], RATE_HZ, first)
        for first in range(0, len(sound), 320)
    ]


@pytest.fixture
def apart() -> Iterator[AsrProcess]:
    with closing(AsrProcess()) as asr:
        yield asr


def hear(asr: SpeechToText, chunks: list[Chunk]) -> list[Utterance]:
    heard = [utterance for chunk in chunks for utterance in asr.accept(chunk)]
    return [*heard, *asr.finish()]


def test_the_same_words_come_at_the_same_times(apart: AsrProcess, chunks: list[Chunk]) -> None:
    here = open_asr("pocketsphinx", None)
    assert here is not None
    heard = hear(apart, chunks)
    assert heard == hear(here, chunks)
    assert sum(len(utterance.words) for utterance in heard if utterance.final) > 5
    assert apart.name == here.name


def test_other_threads_run_during_decoding(apart: AsrProcess, chunks: list[Chunk]) -> None:
    """In the main process the end of the utterance would stop all threads for about 0.3 s."""

    def longest_stall_s(asr: SpeechToText) -> float:
        done, looks = threading.Event(), []

        def watch() -> None:
            while not done.wait(0.001):
                looks.append(time.perf_counter())

        watcher = threading.Thread(target=watch)
        watcher.start()
        hear(asr, chunks)
        done.set()
        watcher.join()
        return max(after - before for before, after in pairwise(looks))

    here = open_asr("pocketsphinx", None)
    assert here is not None
    # Another's load may stall one run for as long; hardly three.
    limit_s = 0.5 * longest_stall_s(here)
    assert any(longest_stall_s(apart) < limit_s for _ in range(3))


def test_a_gap_ends_the_utterance_in_the_other_process(
    apart: AsrProcess, chunks: list[Chunk]
) -> None:
    half = len(chunks) // 2
    for chunk in chunks[:half]:
        apart.accept(chunk)
    last = chunks[-1]
    after = Chunk(last.end_ns, np.zeros(320, np.float32), RATE_HZ, 10**6, gap="overflow")
    assert [utterance.final for utterance in apart.accept(after)] == [True]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_death_of_the_process_is_an_error(
    apart: AsrProcess, chunks: list[Chunk], number: signal.Signals
) -> None:
    apart.accept(chunks[0])
    for child in children():
        os.kill(child, number)
    with pytest.raises(AsrError, match="process of speech-to-text has ended"):
        for chunk in chunks:
            apart.accept(chunk)


def test_a_process_that_hangs_is_killed_and_the_hang_is_told(chunks: list[Chunk]) -> None:
    before = set(children())
    with closing(AsrProcess(limit_s=1.0)) as asr:
        (child,) = set(children()) - before
        asr.accept(chunks[0])
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(AsrError, match="did not answer for 1 s"):
            asr.accept(chunks[1])
        with pytest.raises(AsrError, match="did not answer for 1 s"):
            asr.accept(chunks[2])
    assert set(children()) == before


def test_a_process_that_hangs_while_it_loads_is_killed() -> None:
    before = set(children())

    def stop_it() -> None:
        eventually(lambda: any(runs_module(c, CHILD) for c in set(children()) - before))
        for child in set(children()) - before:
            os.kill(child, signal.SIGSTOP)

    stopper = threading.Thread(target=stop_it)
    stopper.start()
    with pytest.raises(AsrError, match=r"has loaded nothing for 1\.5 s"):
        AsrProcess(load_limit_s=1.5)
    stopper.join()
    assert set(children()) == before


def test_waiting_for_sound_is_no_hang(chunks: list[Chunk]) -> None:
    with closing(AsrProcess(limit_s=0.4)) as asr:
        time.sleep(1.0)
        asr.accept(chunks[0])


def test_closing_a_hanging_process_takes_no_time(chunks: list[Chunk]) -> None:
    before = set(children())
    asr = AsrProcess()
    (child,) = set(children()) - before
    os.kill(child, signal.SIGSTOP)
    begun_s = time.monotonic()
    asr.close()
    asr.close()
    assert time.monotonic() - begun_s < 1.0
    assert set(children()) == before


def test_the_process_ends_with_its_last_reference() -> None:
    before = children()
    asr = AsrProcess()
    assert len(children()) == len(before) + 1
    del asr
    assert children() == before


def test_an_unavailable_engine_keeps_its_error_message() -> None:
    with pytest.raises(AsrError, match="Vosk needs a model"):
        AsrProcess("vosk")


def test_a_python_that_does_not_start_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(AsrError, match="could not be started"):
        AsrProcess()


@pytest.mark.alone
def test_verdicts_continue_when_speech_to_text_is_killed_and_it_restarts_within_two_seconds() -> (
    None
):
    others = set(children())  # of a browser that an earlier test has opened
    run = Run(load_config(None, [], {"seconds": 30}), standard_load(32).feeds())
    lost: Verdict | None = None
    killed_s: float | None = None
    with closing(run.verdicts()) as verdicts:
        for verdict in verdicts:
            if killed_s is None and verdict.streams["text"].state == "used":
                for child in set(children()) - others:
                    os.kill(child, signal.SIGKILL)
                killed_s = time.monotonic()
            elif killed_s is not None and verdict.streams["text"].reason == "disconnected":
                lost = verdict
                assert verdict.mask and "text" not in verdict.mask
            elif (
                killed_s is not None
                and lost is not None
                and verdict.streams["text"].state == "used"
            ):
                assert time.monotonic() - killed_s < 2.0
                break
    assert lost is not None, "nobody noticed"
    assert "Speech-to-text is back" in " ".join(run.telemetry.notes)
    assert set(children()) <= others
