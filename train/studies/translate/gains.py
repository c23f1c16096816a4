"""Gain of one variant's runs over another's, with intervals over seeds and over test groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from train.corpora.corpus import Part
from train.metrics import ccc, interval, uar
from train.statistics import paired
from train.studies.translate.metrics import REPORTED
from train.studies.translate.sweep import Outcome
from train.task import Task

ROUNDS = 300


def against(task: Task, runs: list[Outcome], other: list[Outcome], test: Part) -> dict[str, Any]:
    """Differences of runs with the same seeds, by metric.

    Each metric has the statistics of `paired` over seeds, which differ in validation split and
    initial weights and share the test split. The first metric also has `groups`: the 95 % interval
    of the mean difference when the test groups (videos, actors, dialogues) are resampled.
    """
    found: dict[str, Any] = {}
    for name in REPORTED[task]:
        gain = np.array(
            [
                a.test[name] - b.test[name]
                for a, b in zip(runs, other, strict=True)
                if a.test and b.test
            ]
        )
        found[name] = paired(gain)
    found[REPORTED[task][0]]["groups"] = _over_groups(task, runs, other, test)
    return found


def _over_groups(task: Task, runs: list[Outcome], other: list[Outcome], test: Part) -> list[float]:
    pairs = [
        (np.array(a.predictions), np.array(b.predictions)) for a, b in zip(runs, other, strict=True)
    ]

    def gain(rows: NDArray[np.int64]) -> float:
        true = test.targets[rows]
        each = [_metric(task, true, a[rows]) - _metric(task, true, b[rows]) for a, b in pairs]
        return float(np.mean(each))

    return list(interval(gain, test.groups, rounds=ROUNDS))


def _metric(task: Task, true: NDArray[Any], predicted: NDArray[Any]) -> float:
    if task == "classes":
        return uar(true, predicted)
    pair = (torch.from_numpy(np.asarray(x, np.float32)) for x in (predicted, true))
    return float(ccc(*pair).mean())
