"""How sure a difference is: over training runs, and over who is in the test part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from train.ccc import ccc
from train.corpora.corpus import Part, Task
from train.metrics import uar
from train.studies.translate.figures import FIGURES
from train.studies.translate.sweep import Outcome

ROUNDS = 300


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean and sample deviation."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
    }


def against(task: Task, runs: list[Outcome], other: list[Outcome], test: Part) -> dict[str, Any]:
    """Differences of runs with the same seeds, by figure.

    Each has mean, the 95 % interval and p of a paired t-test, and p of Wilcoxon's signed ranks, all
    over seeds (another validation part and other first weights, the same test part). The foremost
    figure has `groups`, too: the 95 % interval of the mean difference when the test part's groups
    (videos, actors, dialogues) are drawn again.
    """
    found: dict[str, Any] = {}
    for name in FIGURES[task]:
        gain = np.array(
            [
                a.test[name] - b.test[name]
                for a, b in zip(runs, other, strict=True)
                if a.test and b.test
            ]
        )
        found[name] = paired(gain)
    found[FIGURES[task][0]]["groups"] = _over_groups(task, runs, other, test)
    return found


def paired(gain: NDArray[np.float64]) -> dict[str, Any]:
    """Of differences, one a seed."""
    out: dict[str, Any] = spread(gain.tolist())
    if len(gain) < 2 or np.ptp(gain) == 0.0:
        return out | {"interval": None, "t_p": None, "wilcoxon_p": None}
    test = stats.ttest_1samp(gain, 0.0)
    low, high = test.confidence_interval(0.95)
    signed = stats.wilcoxon(gain) if np.any(gain) else None
    return out | {
        "interval": [float(low), float(high)],
        "t_p": float(test.pvalue),
        "wilcoxon_p": None if signed is None else float(signed.pvalue),
    }


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """p-values of one family of comparisons, adjusted for there being several (Holm 1979)."""
    known = sorted((p, k) for k, p in enumerate(chances) if p is not None)
    adjusted: list[float | None] = [None] * len(chances)
    highest = 0.0
    for place, (p, k) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * p))
        adjusted[k] = highest
    return adjusted


def _over_groups(task: Task, runs: list[Outcome], other: list[Outcome], test: Part) -> list[float]:
    members = [np.flatnonzero(test.groups == g) for g in np.unique(test.groups)]
    said = [(np.array(a.answers), np.array(b.answers)) for a, b in zip(runs, other, strict=True)]
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(ROUNDS):
        some = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        true = test.targets[some]
        gains.append(
            float(
                np.mean(
                    [_figure(task, true, a[some]) - _figure(task, true, b[some]) for a, b in said]
                )
            )
        )
    low, high = np.percentile(gains, [2.5, 97.5])
    return [float(low), float(high)]


def _figure(task: Task, true: NDArray[Any], said: NDArray[Any]) -> float:
    if task == "classes":
        return uar(true, said)
    pair = (torch.from_numpy(np.asarray(x, np.float32)) for x in (said, true))
    return float(ccc(*pair).mean())
