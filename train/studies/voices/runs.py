"""Whole runs in which the speaker stays or changes, and what a limit on the score does in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.studies.voices.candidates import Array, Measure, Space
from train.studies.voices.hops import HOP_S
from train.studies.voices.trials import Ints, Speaker, speech

FIRST_S = 10.0
"""Of a run's voice, before anything is judged."""
STAYS_S = 90.0
CHANGES_S = 30.0
WITHIN_S = 5.0
STEP_S = 0.5


@dataclass(frozen=True)
class Run:
    """Hops of a run, in the order in which they are heard.

    Attributes:
        change: From which hop on another speaks, or the same one is heard elsewhere; or None.
        moves: Whether it is the same one. Those hops are numbered after all of the corpus's.
    """

    rows: Ints
    speaker: str
    change: int | None = None
    moves: bool = False


def runs_of(speakers: list[Speaker], hops: int, each: int, rng: np.random.Generator) -> list[Run]:
    """Of each speaker some runs of all of their clips, in other orders, as many in which another
    speaks at last, and as many in which the speaker is then heard through another microphone.

    Args:
        hops: Of the corpus. As many more follow them: the same, heard elsewhere.
    """
    found = []
    for speaker in speakers:
        others = [one for one in speakers if one is not speaker]
        for _ in range(each):
            order = rng.permutation(len(speaker.clips))
            rows = np.concatenate([speaker.clips[at].rows for at in order])
            found.append(Run(rows[: round(STAYS_S / HOP_S)], speaker.name))
            change = round(CHANGES_S / HOP_S)
            new = speech(others[int(rng.integers(len(others)))].clips, WITHIN_S, rng)
            if new is not None and len(rows) >= change:
                whole = np.concatenate([rows[:change], new[0]])
                found.append(Run(whole, speaker.name, change))
            own = rows[change : change + round(WITHIN_S / HOP_S)]
            if len(own) == round(WITHIN_S / HOP_S):
                whole = np.concatenate([rows[:change], own + hops])
                found.append(Run(whole, speaker.name, change, moves=True))
    return found


def scores(run: Run, sums: Array, window_s: float, measure: Measure, space: Space) -> Array:
    """The score of each judgement, every 0.5 s: how far the newest `window_s` are from all that was
    heard before them. In a run that changes, of those after the change only."""
    total = np.concatenate([np.zeros((1, sums.shape[1])), np.cumsum(sums[run.rows], axis=0)])
    window = round(window_s / HOP_S)
    first = window + round(FIRST_S / HOP_S) if run.change is None else run.change + 1
    ends = np.arange(len(run.rows), first - 1, -round(STEP_S / HOP_S))[::-1]
    if not len(ends):
        return np.zeros(0)
    newest = measure.vectors(total[ends] - total[ends - window])
    return space.distance(newest, measure.vectors(total[ends - window]))


def alarms(stays: Sequence[Array], limit: float) -> tuple[Array, Array]:
    """Of each run, whether it has a false alarm, and the minutes that are judged until then."""
    first = [np.flatnonzero(one > limit)[:1] for one in stays]
    judged = [int(at[0]) + 1 if len(at) else len(one) for at, one in zip(first, stays, strict=True)]
    return np.array([float(len(at)) for at in first]), np.array(judged) * STEP_S / 60


def found(changes: Sequence[Array], limit: float) -> Array:
    """Of each change, whether it is told within `WITHIN_S`."""
    return np.array([float(one.max() > limit) for one in changes])


def limit_for(stays: Sequence[Array], a_minute: float) -> float:
    """The lowest limit with at most so many false alarms a minute."""
    highest = np.sort([one.max() for one in stays])[::-1]
    best = float(highest[0])
    for limit in highest:
        count, minutes = alarms(stays, float(limit))
        if count.sum() > a_minute * minutes.sum():
            break
        best = float(limit)
    return best
