"""Paired differences between cells, over seeds and groups of the test part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.metrics import accuracy
from train.statistics import holm, mean_sd

AGAINST = ("shuffled", "none")
ROUNDS = 5000


def contrasts(
    cells: list[dict[str, Any]],
    targets: Sequence[int],
    groups: Sequence[str],
    rounds: int = ROUNDS,
) -> list[dict[str, Any]]:
    """Each cell's accuracy, and its gains over `shuffled` and `none` of the same schedule and share
    with interval and p; p is also corrected over the cells (`correct`).

    Args:
        cells: those of `Factorial.test`, of one model.
        targets: the true class of each test sample.
        groups: the group of each test sample.
        rounds: of the bootstrap; no p is below 2 / rounds.
    """
    true, of_groups = np.array(targets), np.array(groups)
    by_cell: dict[tuple[str, float, str], list[dict[str, Any]]] = {}
    for cell in cells:
        by_cell.setdefault((cell["when"], cell["labelled_share"], cell["kind"]), []).append(cell)
    found = []
    for (when, share, kind), runs in by_cell.items():
        for measure in runs[0]["answers"]:
            right = _right(runs, measure, true)
            one = {"when": when, "labelled_share": share, "kind": kind, "measure": measure}
            one["accuracy"] = mean_sd(
                [accuracy(true, np.array(r["answers"][measure])) for r in runs]
            )
            one["gains"] = {}
            for base in AGAINST:
                theirs = by_cell.get((when, share, base))
                if theirs is not None and kind not in (base, "none"):
                    gain = right - _right(theirs, measure, true)
                    one["gains"][base] = group_bootstrap(gain, of_groups, rounds)
            found.append(one)
    correct(found)
    return found


def correct(found: list[dict[str, Any]]) -> None:
    """Set `holm_p` of every gain: p corrected over all gains of the same weights against the same
    baseline in `found`, whichever the regime, the measure, the model or the corpus."""
    for kind in {one["kind"] for one in found}:
        for base in AGAINST:
            family = [f["gains"][base] for f in found if f["kind"] == kind and base in f["gains"]]
            for gain, p in zip(family, holm([g["p"] for g in family]), strict=True):
                gain["holm_p"] = p


def group_bootstrap(
    gain: NDArray[np.float64], groups: NDArray[np.str_], rounds: int = ROUNDS
) -> dict[str, Any]:
    """`mean`, 95 % `interval` and two-sided `p` of a paired difference; seeds and groups are both
    drawn with replacement, because the runs of a seed and the samples of a person are alike.

    Args:
        gain: shape (seeds, samples).
        groups: shape (samples,).
    """
    names, which = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(which, one, len(names)) for one in gain])
    sizes = np.bincount(which, minlength=len(names))
    rng = np.random.default_rng(0)
    drawn_seeds = rng.integers(0, len(gain), (rounds, len(gain)))
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), rounds)
    of_seeds = sums[drawn_seeds].mean(axis=1)
    means = (of_seeds * drawn).sum(axis=1) / (sizes * drawn).sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return {
        "mean": float(gain.mean()),
        "interval": [float(low), float(high)],
        "p": min(1.0, 2 * (tail + 1) / (rounds + 1)),
    }


def _right(runs: list[dict[str, Any]], measure: str, targets: NDArray[np.int64]) -> Any:
    by_seed = sorted(runs, key=lambda run: int(run["seed"]))
    return np.stack([np.array(run["answers"][measure]) == targets for run in by_seed]).astype(float)
