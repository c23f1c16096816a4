"""The figures of the study of `transfer` over persons, and its page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.corpora.known import TITLES
from train.studies.adapt.measure import mean_over
from train.tables import bounds, percent, table

PAGE_NAME = "transfer_study.md"
PARTS = {"fused": "voice and words", "voice": "voice alone"}
FIGURE = "accuracy_answered"
"""Accuracy of the verdicts with a stream: the step changes none of the others."""


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """By corpus: the mean over persons of the mean over their seeds, before, with a 95 % interval
    over persons of the gain, of the gain with shuffled words, and of the one over the other; of
    the step as fitted, and "as_kept": 0 where `adapt` does not keep it, by number of labels."""
    found = {}
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        some = [row for row in rows if row["corpus"] == corpus]
        own, other = ([r for r in some if r["pairs"] == pairs] for pairs in ("own", "shuffled"))
        told: dict[str, Any] = {"persons": len({row["person"] for row in own}), "cuts": len(own)}
        told["kept"] = {
            count: [sum(row["kept"][count] for row in part) for part in (own, other)]
            for count in own[0]["kept"]
        }
        for part in PARTS:
            before, gain = _by_person(own, part)
            _, gain_shuffled = _by_person(other, part)
            told[part] = {
                "before": mean_over(before),
                "gain": mean_over(gain),
                "gain_shuffled": mean_over(gain_shuffled),
                "over_shuffled": mean_over(gain - gain_shuffled),
                "as_kept": {
                    count: mean_over(_by_person(own, part, count)[1]) for count in told["kept"]
                },
                "worse": int((gain < 0).sum()),
            }
        found[corpus] = told
    return found


def _by_person(
    rows: list[dict[str, Any]], part: str, count: str | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Before, and the gain, of each person; NaN where no verdict had a stream.

    Args:
        count: Number of labels; the gain is 0 where the step was not kept with so many.
    """
    before: dict[str, list[float]] = defaultdict(list)
    gain: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        new = "after" if count is None or row["kept"][count] else "before"
        values = [row[which][part][FIGURE] for which in ("before", new)]
        old, found = (np.nan if value is None else value for value in values)
        before[row["person"]].append(old)
        gain[row["person"]].append(found - old)
    means = [np.array([np.mean(one[p]) for p in sorted(one)]) for one in (before, gain)]
    return means[0], means[1]


def page(report: dict[str, Any]) -> str:
    """One table of gains, and one of what is kept; all figures in %."""
    told = report["settings"]
    head = (
        f"Bundle: {report['bundle']}. {told['clips']} clips of each test person, each with a line"
        f" of its label from {TITLES[told['lines']]}; half adapted to by the step `transfer` alone,"
        f" and half measured; halves cut {told['seeds']} times. Accuracy of the verdicts with a"
        " stream, in %: mean over persons before, the gain, the gain if each clip that is adapted"
        " to has another's words, and the one over the other; 95 % intervals over persons, of five"
        " persons or more.\n"
    )
    columns = ["measured", "corpus", "persons", "before", "gain", "gain, shuffled"]
    columns += ["own over shuffled", "persons less accurate"]
    rows = [
        [
            *(shown, TITLES[corpus], str(one["persons"]), _before(one[part])),
            *(_gain(one[part][key]) for key in ("gain", "gain_shuffled", "over_shuffled")),
            str(one[part]["worse"]),
        ]
        for part, shown in PARTS.items()
        for corpus, one in report["summary"].items()
    ]
    columns_kept = ["corpus", "labels", "kept", "kept, shuffled", *PARTS.values()]
    kept = [
        [
            *(TITLES[corpus], count, *(f"{k} of {one['cuts']}" for k in one["kept"][count])),
            *(_gain(one[part]["as_kept"][count]) for part in PARTS),
        ]
        for corpus, one in report["summary"].items()
        for count in one["kept"]
    ]
    between = "What `adapt` keeps, and the gain where what it does not keep counts as 0:\n"
    return "\n".join([head, table(columns, rows), "", between, table(columns_kept, kept), ""])


def headline(report: dict[str, Any]) -> str:
    """One line a corpus, for the terminal."""
    return "\n".join(
        f"{TITLES[corpus]:8} {one['persons']:2} persons  voice and words"
        f" {_gain(one['fused']['gain'])}, voice alone {_gain(one['voice']['gain'])}"
        for corpus, one in report["summary"].items()
    )


def _before(told: dict[str, Any]) -> str:
    mean = told["before"]["mean"]
    return "-" if mean is None else percent(mean)


def _gain(one: dict[str, Any]) -> str:
    if one["mean"] is None:
        return "-"
    return f"{100 * one['mean']:+.1f} ({bounds(one['interval'])})"
