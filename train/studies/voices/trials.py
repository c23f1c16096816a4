"""Pairs of a window and an earlier voice, of one speaker and of two; drawn once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.studies.voices.hops import HOP_S, Hops

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Condition:
    """How pairs are drawn.

    Attributes:
        emotions: Of the two sounds: "any", "equal" or "other". Each window has one or "any".
        one_sex: Whether the two speakers of a pair are of one sex.
    """

    name: str
    window_s: float
    reference_s: float
    emotions: str = "any"
    one_sex: bool = False


CONDITIONS = (
    Condition("2 s", 2.0, 30.0),
    Condition("3 s", 3.0, 30.0),
    Condition("5 s", 5.0, 30.0),
    Condition("3 s after 10 s", 3.0, 10.0),
    Condition("3 s, same sex", 3.0, 30.0, one_sex=True),
    Condition("3 s after 5 s, one emotion", 3.0, 5.0, "equal"),
    Condition("3 s after 5 s, another emotion", 3.0, 5.0, "other"),
)


@dataclass(frozen=True)
class Clip:
    """The hops of one clip, and its label."""

    rows: Ints
    label: int


@dataclass(frozen=True)
class Speaker:
    """Attributes: clips: Those in which a voice was heard."""

    name: str
    woman: bool
    clips: list[Clip]


@dataclass(frozen=True)
class Pair:
    """Hops of a window, hops of the voice before, whose that was, and whether it is another's."""

    window: Ints
    reference: Ints
    owner: str
    other: bool


def speakers_of(hops: Hops) -> list[Speaker]:
    """The speakers of a corpus, in the order of their names."""
    bounds = np.searchsorted(hops.clip, np.arange(len(hops.persons) + 1))
    found = []
    for name in np.unique(hops.persons):
        clips = [
            Clip(np.arange(bounds[at], bounds[at + 1]), int(hops.labels[at]))
            for at in np.flatnonzero(hops.persons == name)
            if bounds[at] < bounds[at + 1]
        ]
        woman = bool(hops.women[hops.persons == name][0])
        found.append(Speaker(str(name), woman, clips))
    return found


def speech(
    clips: list[Clip], seconds: float, rng: np.random.Generator
) -> tuple[Ints, list[Clip]] | None:
    """Hops of clips in random order, and the clips that are left; None where they are too short."""
    count = round(seconds / HOP_S)
    order = rng.permutation(len(clips))
    heard = np.zeros(0, np.int64)
    for used, at in enumerate(order, 1):
        heard = np.concatenate([heard, clips[at].rows])
        if len(heard) >= count:
            start = int(rng.integers(len(heard) - count + 1))
            return heard[start : start + count], [clips[left] for left in order[used:]]
    return None


def pairs(
    speakers: list[Speaker], condition: Condition, each: int, rng: np.random.Generator
) -> list[Pair]:
    """About `each` pairs of each speaker with themselves, and as many with others."""
    found: list[Pair] = []
    for speaker in speakers:
        for _ in range(each):
            found += _two_pairs(speakers, speaker, condition, rng)
    return found


def _two_pairs(
    speakers: list[Speaker], owner: Speaker, condition: Condition, rng: np.random.Generator
) -> Iterator[Pair]:
    labels = np.unique([clip.label for clip in owner.clips])
    label = None if condition.emotions == "any" else int(rng.choice(labels))
    mine = speech(_of(owner, label), condition.window_s, rng)
    strangers = [
        one
        for one in speakers
        if one is not owner and (one.woman == owner.woman or not condition.one_sex)
    ]
    if mine is None or not strangers:
        return
    stranger = strangers[int(rng.integers(len(strangers)))]
    theirs = speech(_of(stranger, label), condition.window_s, rng)
    used = set(mine[0].tolist())
    rest = [clip for clip in owner.clips if used.isdisjoint(clip.rows.tolist())]
    if label is not None:
        rest = [clip for clip in rest if (clip.label == label) == (condition.emotions == "equal")]
    before = speech(rest, condition.reference_s, rng)
    if theirs is None or before is None:
        return
    yield Pair(mine[0], before[0], owner.name, other=False)
    yield Pair(theirs[0], before[0], owner.name, other=True)


def _of(speaker: Speaker, label: int | None) -> list[Clip]:
    return [clip for clip in speaker.clips if label is None or clip.label == label]
