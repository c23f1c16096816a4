"""How well scores order the streams of a sample, with intervals over seeds and groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from train.stages.divergence import PAIRS
from train.statistics import mean_sd

if TYPE_CHECKING:
    from train.studies.cdat.order import OrderSamples

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""A figure of one seed for counts of its groups (R, G): (R,); NaN where it is undefined."""

CLEAR = 0.1
"""Gap of the true confidences above which the truth has a clear order."""
ROUNDS = 5000
AGAINST = ("tcp", "in_sample")
"""The paper's confidences, and the control of the cross-fitted ones."""


def summary(seeds: Sequence[OrderSamples]) -> dict[str, Any]:
    """Of one part: how many pairs have a clear order, and by score `auc` and `agrees` (all pairs
    whose true confidences differ, and clear ones), `correlation` with the true confidence, and
    the gains of `auc` and `auc_clear` over the scores of `AGAINST`.

    AUC: how well the score's gap separates, within each pair of streams, the samples by the true
    order; mean over pairs. A constant order has 0.5. `agrees` is the share of pairs in the true
    order. Intervals: seeds and groups are both drawn with replacement, the same for all scores.
    """
    names = np.unique(np.concatenate([one.groups for one in seeds]))
    which = [np.searchsorted(names, one.groups) for one in seeds]
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), ROUNDS).astype(float)
    drawn = rng.integers(0, len(seeds), (ROUNDS, len(seeds)))
    scores: dict[str, Any] = {}
    rounds: dict[str, dict[str, Floats]] = {}
    for score in seeds[0].gaps:
        scores[score], rounds[score] = {}, {}
        for name, of in _statistics(seeds, score, which, len(names)).items():
            each = [float(statistic(np.ones((1, len(names))))[0]) for statistic in of]
            by_seed = np.stack([statistic(counts) for statistic in of], axis=1)
            draws = _mean(np.take_along_axis(by_seed, drawn, axis=1), axis=1)
            known = [one for one in each if one == one]
            scores[score][name] = _figure(known, draws) | {"seeds": known}
            rounds[score][name] = draws
    for base, score, name in product(AGAINST, scores, ("auc", "auc_clear")):
        if base in rounds:
            own, first = (scores[one][name]["mean"] for one in (score, base))
            apart = rounds[score][name] - rounds[base][name]
            both = own is not None and first is not None
            scores[score][f"{name}_over_{base}"] = _figure([own - first] if both else [], apart)
    apart_by = [np.abs(one[~np.isnan(one)]) for one in (pair_gaps(seed.truth) for seed in seeds)]
    return {
        "samples": [len(one.groups) for one in seeds],
        "groups": [len(np.unique(one.groups)) for one in seeds],
        "clear": mean_sd([float(np.mean(g > CLEAR)) for g in apart_by]),
        "gap": mean_sd([float(np.mean(g)) for g in apart_by]),
        "scores": scores,
    }


def order_figures(said: Floats, truth: Floats) -> dict[str, float | None]:
    """`auc` and `agrees` of `summary`, of all pairs of one seed and without intervals; None where
    no truth is known, for `auc` also where it has one order only.

    Args:
        said: Scores without each stream, (N, 3).
        truth: The true ones; NaN where one is undefined or the stream missing.
    """
    true = pair_gaps(truth)
    given = pair_gaps(said), true, np.abs(np.nan_to_num(true)) > 0, np.zeros(len(true), np.intp), 1
    found = {"auc": area(*given), "agrees": agreement(*given)}
    each = {name: float(statistic(np.ones((1, 1)))[0]) for name, statistic in found.items()}
    return {name: None if value != value else value for name, value in each.items()}


def pair_gaps(levels: Floats) -> Floats:
    """Scores without each stream (N, 3) as differences in each of `PAIRS`, (N, 3)."""
    return np.stack([levels[:, m] - levels[:, n] for m, n in PAIRS], axis=1)


def _statistics(
    seeds: Sequence[OrderSamples], score: str, which: Sequence[NDArray[np.intp]], groups: int
) -> dict[str, list[Statistic]]:
    found: dict[str, list[Statistic]] = {}
    for one, at in zip(seeds, which, strict=True):
        truth = pair_gaps(one.truth)
        for name, above in (("", 0.0), ("_clear", CLEAR)):
            kept = np.abs(np.nan_to_num(truth)) > above
            said = one.gaps[score]
            found.setdefault(f"auc{name}", []).append(area(said, truth, kept, at, groups))
            found.setdefault(f"agrees{name}", []).append(agreement(said, truth, kept, at, groups))
        if score in one.levels:
            by_seed = found.setdefault("correlation", [])
            by_seed.append(correlation(one.levels[score], one.truth, at, groups))
    return found


def area(said: Floats, truth: Floats, kept: Any, at: Any, groups: int) -> Statistic:
    """Mean AUC over pairs: won and all comparisons between the positives of one group and the
    negatives of another are counted once, and weighted by how often the two were drawn."""
    won, pairs = [], []
    for place in range(truth.shape[1]):
        up = kept[:, place] & (truth[:, place] > 0)
        down = kept[:, place] & (truth[:, place] < 0)
        if not up.any() or not down.any():
            continue
        gap = said[up, place][:, None] - said[down, place][None]
        ups, downs = np.eye(groups)[at[up]], np.eye(groups)[at[down]]
        won.append(ups.T @ ((gap > 0) + 0.5 * (gap == 0)) @ downs)
        pairs.append(np.outer(ups.sum(axis=0), downs.sum(axis=0)))

    def statistic(counts: Floats) -> Floats:
        if not won:
            return np.full(len(counts), np.nan)
        with np.errstate(invalid="ignore"):
            each = [
                ((counts @ w) * counts).sum(axis=1) / ((counts @ p) * counts).sum(axis=1)
                for w, p in zip(won, pairs, strict=True)
            ]
        return _mean(np.array(each), axis=0)

    return statistic


def agreement(said: Floats, truth: Floats, kept: Any, at: Any, groups: int) -> Statistic:
    """Share of the pairs in the true order; a tie is half in it."""
    right = np.where(said == 0, 0.5, (said > 0) == (truth > 0)) * kept
    sums = np.bincount(at, right.sum(axis=1), groups)
    sizes = np.bincount(at, kept.sum(axis=1), groups)

    def statistic(counts: Floats) -> Floats:
        return _ratio(counts @ sums, counts @ sizes)

    return statistic


def correlation(level: Floats, truth: Floats, at: Any, groups: int) -> Statistic:
    """Pearson's, of the score without a stream and the TCP, over samples and streams."""
    known = ~np.isnan(truth)
    x, y = np.where(known, level, 0.0), np.where(known, truth, 0.0)
    moments = [
        np.bincount(at, one.sum(axis=1), groups)
        for one in (known.astype(float), x, y, x * x, y * y, x * y)
    ]

    def statistic(counts: Floats) -> Floats:
        n, sx, sy, sxx, syy, sxy = (counts @ one for one in moments)
        spread = np.clip(n * sxx - sx**2, 0, None) * np.clip(n * syy - sy**2, 0, None)
        return _ratio(n * sxy - sx * sy, np.sqrt(spread))

    return statistic


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0))


def _mean(values: Floats, axis: int) -> Floats:
    """The mean of what is no NaN, NaN where all is."""
    return np.asarray(np.ma.masked_invalid(values).mean(axis=axis).filled(np.nan))


def _figure(seeds: list[float], draws: Floats) -> dict[str, Any]:
    """`mean`, `sd` and `interval`; None where no seed has the figure."""
    known = draws[~np.isnan(draws)]
    if not seeds or not len(known):
        return {"mean": None, "sd": None, "interval": None}
    low, high = np.quantile(known, (0.025, 0.975))
    return mean_sd(seeds) | {"interval": [float(low), float(high)]}
