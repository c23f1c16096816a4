"""Recognises sounds in the pieces of a live run, and looks at the unfinished words."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.asr.base import SpeechToText
from edge.asr.stability import Stability, Standing, same_words
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Float, Utterance
from train.studies.words.sounds import Sound

RATE_HZ = 16_000
HOP = RATE_HZ // 50
"""Samples of a chunk: 20 ms."""
LOOK_EVERY = 12
"""Chunks between two looks: a look every 0.24 s."""
BEFORE_S, AFTER_S = 0.5, 2.5
"""A quiet room around each file: the recogniser ends its utterances by itself."""


class Restarted(SpeechToText, Protocol):
    """A recogniser that can be as newly opened."""

    def restart(self) -> None:
        """Be as newly opened, for other sound."""


@dataclass(frozen=True)
class Looks:
    """All unfinished words at all looks, a row each.

    Attributes:
        conditions, speakers: names, (n,).
        stood_ms: Since when the word has stood there unchanged, float (n,).
        revisions: Changes of the utterance that it has survived, int (n,).
        words_after: Words after it, int (n,).
        behind_ms: From its end to the newest sound, float (n,).
        given: The confidence that the recogniser gave it, float (n,).
        survives: Whether the final result has it, too: the same text at times that touch, (n,).
    """

    conditions: NDArray[np.str_]
    speakers: NDArray[np.str_]
    stood_ms: NDArray[np.float64]
    revisions: NDArray[np.int64]
    words_after: NDArray[np.int64]
    behind_ms: NDArray[np.float64]
    given: NDArray[np.float64]
    survives: NDArray[np.bool_]


@dataclass(frozen=True)
class Heard:
    """One sound, recognised: its final words, and the processor's time for it with its pauses.
    `said` is what was spoken, or None."""

    condition: str
    words: str
    said: str | None
    sound_s: float
    cpu_s: float


def listen(asr: Restarted, sounds: Iterable[Sound]) -> tuple[Looks, list[Heard]]:
    """Recognise each sound. Returns the looks, and what was heard in each."""
    rows: list[tuple[str, str, Standing, int, bool]] = []
    heard: list[Heard] = []
    for sound in sounds:
        asr.restart()
        begun_s = time.thread_time()
        found, words = _listen_to(asr, sound.samples)
        cpu_s, sound_s = time.thread_time() - begun_s, len(sound.samples) / RATE_HZ
        heard.append(Heard(sound.condition, words, sound.said, sound_s, cpu_s))
        rows += [(sound.condition, sound.speaker, *one) for one in found]
    shown = [(standing, heard_ns) for _, _, standing, heard_ns, _ in rows]
    looks = Looks(
        conditions=np.array([row[0] for row in rows], str),
        speakers=np.array([row[1] for row in rows], str),
        stood_ms=np.array([(heard - one.since_ns) / NS_PER_MS for one, heard in shown]),
        revisions=np.array([one.revisions for one, _ in shown], int),
        words_after=np.array([one.words_after for one, _ in shown], int),
        behind_ms=np.array([one.behind_ns / NS_PER_MS for one, _ in shown]),
        given=np.array([one.word.confidence for one, _ in shown]),
        survives=np.array([row[4] for row in rows], bool),
    )
    return looks, heard


def _listen_to(asr: SpeechToText, speech: Float) -> tuple[list[tuple[Standing, int, bool]], str]:
    """Words at their looks: what was known of them, the time heard, and whether they survive. And
    all final words."""
    samples = np.concatenate([_room(BEFORE_S), speech, _room(AFTER_S)])
    stability = Stability()
    waiting: list[tuple[Standing, int]] = []
    found: list[tuple[Standing, int, bool]] = []
    said: list[str] = []
    open_one: Utterance | None = None

    def take(utterances: list[Utterance]) -> None:
        nonlocal open_one
        for utterance in utterances:
            open_one = None if utterance.final else utterance
            if utterance.final:
                said.extend(word.text for word in utterance.words)
                for standing, heard_ns in waiting:
                    survives = same_words(utterance.words, [standing.word]) != [None]
                    found.append((standing, heard_ns, survives))
                waiting.clear()
                stability.reset()

    for number, first in enumerate(range(0, len(samples), HOP), start=1):
        chunk = Chunk(first * NS_PER_S // RATE_HZ, samples[first : first + HOP], RATE_HZ, first)
        take(asr.accept(chunk))
        if open_one is not None:
            standing = stability.follow(open_one.words, chunk.end_ns)
            if number % LOOK_EVERY == 0:
                waiting += [(one, chunk.end_ns) for one in standing]
    take(asr.finish())
    return found, " ".join(said)


def _room(seconds: float) -> Float:
    return np.random.default_rng(1).normal(0, 5e-4, round(seconds * RATE_HZ)).astype(np.float32)
