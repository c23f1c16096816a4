"""Every candidate on every corpus, learned from the speakers of the other corpora."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.studies.voices import runs
from train.studies.voices.candidates import Array, Candidate, Measure, Space, learn
from train.studies.voices.hops import Hops, elsewhere
from train.studies.voices.trials import (
    CONDITIONS,
    Ints,
    Pair,
    Speaker,
    pairs,
    speakers_of,
    speech,
)

log = logging.getLogger("train")

WINDOWS_S = (2.0, 3.0, 5.0)
LEARNED_EACH = 30
"""Windows of each speaker of the other corpora."""


@dataclass(frozen=True)
class Judged:
    """Scores (n,) of pairs, whether each is of two speakers, and the owner of the first voice."""

    score: Array
    other: NDArray[np.bool_]
    owner: NDArray[np.str_]


@dataclass
class Runs:
    """The scores of each run, and whose voice it begins with."""

    stays: list[Array] = field(default_factory=list)
    of_stays: list[str] = field(default_factory=list)
    changes: list[Array] = field(default_factory=list)
    of_changes: list[str] = field(default_factory=list)
    moves: list[Array] = field(default_factory=list)
    of_moves: list[str] = field(default_factory=list)

    def add(self, run: runs.Run, scores: Array) -> None:
        """Put the scores of a run with those of its kind."""
        if run.change is None:
            kind, persons = self.stays, self.of_stays
        elif run.moves:
            kind, persons = self.moves, self.of_moves
        else:
            kind, persons = self.changes, self.of_changes
        kind.append(scores)
        persons.append(run.speaker)


@dataclass(frozen=True)
class Found:
    """Of one candidate: by condition's name and corpus, and by window in seconds and corpus."""

    pairs: dict[str, dict[str, Judged]]
    runs: dict[float, dict[str, Runs]]


@dataclass(frozen=True)
class Drawn:
    """What is judged on one corpus, the same for every candidate."""

    pairs: dict[str, list[Pair]]
    runs: list[runs.Run]
    speakers: list[Speaker]
    moved: Hops


def draw(hops: Hops, each: int, seed: int) -> Drawn:
    """Pairs and runs of a corpus: about `each` pairs of a speaker, and a fifth as many runs."""
    rng = np.random.default_rng(seed)
    speakers = speakers_of(hops)
    drawn = {one.name: pairs(speakers, one, each, rng) for one in CONDITIONS}
    whole = runs.runs_of(speakers, len(hops.clip), max(1, each // 5), rng)
    return Drawn(drawn, whole, speakers, elsewhere(hops, rng))


def judge(
    candidate: Candidate, hops: Mapping[str, Hops], drawn: Mapping[str, Drawn], seed: int
) -> Found:
    """Judge every corpus by what is learned from the others.

    Args:
        hops: Corpora by name; those that are not in `drawn` are only learned from.
    """
    found = Found({one.name: {} for one in CONDITIONS}, {one: {} for one in WINDOWS_S})
    for corpus, those in drawn.items():
        log.info("%s: %s", candidate.name, corpus)
        others = {name: one for name, one in hops.items() if name != corpus}
        measure = candidate.fit(list(others.values()))
        known = {name: measure.sums(one) for name, one in others.items()}
        sums = np.concatenate([measure.sums(hops[corpus]), measure.sums(those.moved)])
        for window_s in WINDOWS_S:
            rng = np.random.default_rng(seed)
            space = _learned(candidate, measure, known, others, window_s, rng)
            for condition in CONDITIONS:
                if condition.window_s == window_s:
                    judged = _judged(those.pairs[condition.name], sums, measure, space)
                    found.pairs[condition.name][corpus] = judged
            into = found.runs[window_s].setdefault(corpus, Runs())
            for run in those.runs:
                scores = runs.scores(run, sums, window_s, measure, space)
                if len(scores):
                    into.add(run, scores)
    return found


def _learned(
    candidate: Candidate,
    measure: Measure,
    known: Mapping[str, Array],
    others: Mapping[str, Hops],
    window_s: float,
    rng: np.random.Generator,
) -> Space:
    vectors, persons = [], []
    for name, hops in others.items():
        for speaker in speakers_of(hops):
            drawn = [speech(speaker.clips, window_s, rng) for _ in range(LEARNED_EACH)]
            rows = [one[0] for one in drawn if one is not None]
            if rows:
                vectors.append(_vectors(measure, known[name], rows))
                persons += [speaker.name] * len(rows)
    return learn(candidate.learned, np.concatenate(vectors), np.array(persons))


def _judged(drawn: Sequence[Pair], sums: Array, measure: Measure, space: Space) -> Judged:
    windows = _vectors(measure, sums, [pair.window for pair in drawn])
    before = _vectors(measure, sums, [pair.reference for pair in drawn])
    return Judged(
        space.distance(windows, before),
        np.array([pair.other for pair in drawn]),
        np.array([pair.owner for pair in drawn]),
    )


def _vectors(measure: Measure, sums: Array, rows: Sequence[Ints]) -> Array:
    return measure.vectors(np.stack([sums[one].sum(axis=0) for one in rows]))
