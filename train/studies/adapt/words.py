"""Words beside a person's voice. The corpora of voices have no words that tell an emotion, so each
clip is given a line of its label that somebody else wrote: two streams *composed by class*."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from edge.errors import DataError
from train.corpora.labels import LABELS
from train.corpora.lines import Lines
from train.corpora.recorded.samples import spread
from train.evaluation.takes import Take

SHORTEST, LONGEST = 3, 12
"""Words of a line."""
SAID_IN_S = 2.0
"""All clips are longer."""


def with_words(takes: tuple[Take, ...], lines: Lines) -> tuple[Take, ...]:
    """The takes of one person, each with a line of its label from the test part of `lines`;
    none is given twice before every one of its label was.

    Raises:
        DataError: A label has no line that is short enough.
    """
    lengths = np.array([len(text.split()) for text in lines.texts])
    short = (lines.splits == "test") & (lengths >= SHORTEST) & (lengths <= LONGEST)
    rng = np.random.default_rng(zlib.crc32(takes[0].samples[0].person.encode()))
    found = []
    left: dict[str, list[int]] = {}
    for take in takes:
        label = str(take.samples[0].label)
        if not left.get(label):
            rows = np.flatnonzero(short & (lines.labels == LABELS.index(label)))
            if not len(rows):
                raise DataError(f"No line of {SHORTEST} to {LONGEST} words has the label {label}.")
            left[label] = rng.permutation(rows).tolist()
        line = lines.texts[left[label].pop()]
        found.append(replace(take, words=spread(line, 0.0, SAID_IN_S)))
    return tuple(found)


def shuffled(takes: tuple[Take, ...], seed: int) -> tuple[Take, ...]:
    """The takes with each other's words: the same voices and words, but no pairs."""
    order = np.random.default_rng([seed, len(takes)]).permutation(len(takes))
    return tuple(
        replace(take, words=takes[int(place)].words)
        for take, place in zip(takes, order, strict=True)
    )


def speechless(takes: tuple[Take, ...]) -> tuple[Take, ...]:
    """The voices alone."""
    return tuple(replace(take, words=()) for take in takes)
