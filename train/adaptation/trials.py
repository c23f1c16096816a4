"""A step is fitted in each fold, and checked on the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle
from train.adaptation.changes import Changes
from train.adaptation.check import Fold, pooled, together
from train.adaptation.evidence import Evidence, Known, gather
from train.adaptation.measures import MEASURE, MEASURES, errors
from train.adaptation.replays import Replays
from train.adaptation.shipped import Shipped
from train.adaptation.step import Given, Step
from train.adaptation.write import write_changed
from train.evaluation.judged import Judged
from train.metrics import interval

EQUAL = 1e-9
ROUNDS = 200
"""Of the bootstrap."""


@dataclass
class Track:
    """One fold: the changes kept so far as fitted on its takes, and the checked answers.

    `fitted` is what the bundle answers on the takes to fit on; None before a step needs it.
    """

    fold: Fold
    bundle: Bundle
    changes: Changes
    answers: Judged
    fitted: Evidence | None = None


class Trials:
    """Candidates, written as bundles to a folder for a while."""

    def __init__(
        self,
        base: Bundle,
        place: Path,
        known: Known,
        replays: Replays,
        shipped: Shipped | None = None,
    ) -> None:
        self._base, self._place, self._known, self._count = base, place, known, 0
        self._replays, self._shipped = replays, shipped

    def bundle(self, changes: Changes) -> Bundle:
        """The bundle with these changes."""
        self._count += 1
        return write_changed(self._base, changes, self._place / str(self._count), {})

    def tried(
        self, step: Step, tracks: list[Track], there: Evidence | None, veto: str = ""
    ) -> dict[str, Any]:
        """Fit the step in each fold and check it on the rest; the tracks follow if it is kept.

        Args:
            veto: Why the step is not kept, even if it makes nothing worse here; "" for nothing.
        """
        candidates = []
        for track in tracks:
            if track.fitted is None:
                track.fitted = gather(
                    track.fold.fitted, track.bundle, self._known, self._replays.one
                )
            given = Given(track.fitted, there, self._base.manifest, self._shipped)
            changes = step.fit(given, track.changes)
            if changes is None:
                candidates.append(track)
                continue
            bundle = self.bundle(changes)
            answers = gather(track.fold.checked, bundle, self._known, self._replays.one).judged
            candidates.append(Track(track.fold, bundle, changes, answers))
        row = compared(step, tracks, candidates)
        if veto and row["kept"]:
            row |= {"kept": False, "because": veto}
        if row["kept"]:
            tracks[:] = candidates
        return row


def spread(parts: list[Judged]) -> list[float]:
    """95 % interval of the main figure over persons; over samples, where there is one person."""
    told = together(parts)
    several = len(np.unique(told.person)) > 1
    task = MEASURE[told.task]
    ends = interval(
        lambda rows: task.of(told.at(rows)), told.person if several else told.sample, rounds=ROUNDS
    )
    return [round(end, 4) for end in ends]


def compared(step: Step, before: list[Track], after: list[Track]) -> dict[str, Any]:
    """Whether the step is kept, with the measures before and after."""
    old, new = ([track.answers for track in some] for some in (before, after))
    measure, task = MEASURES[step.measure], MEASURE[old[0].task]
    more = pooled(new, errors) - pooled(old, errors)
    worse = task.worse if more > EQUAL else ""
    if not worse and pooled(new, measure) > pooled(old, measure) + EQUAL:
        worse = "" if step.corrects and more < -EQUAL else f"more {step.measure}"
    return {
        "does": step.does,
        "kept": not worse,
        "because": worse or (task.better if more < -EQUAL else "no worse"),
        "measure": step.measure,
        "before": round(pooled(old, measure), 4),
        "after": round(pooled(new, measure), 4),
        f"{task.figure}_before": round(1 - pooled(old, errors), 4),
        f"{task.figure}_after": round(1 - pooled(new, errors), 4),
        "intervals": [spread(one) for one in (old, new)],
    }
