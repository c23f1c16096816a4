"""The tables of the study, with intervals by speaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from train.metrics import auroc, interval
from train.studies.voices.runs import alarms, found, limit_for
from train.studies.voices.study import WINDOWS_S, Found, Judged, Runs
from train.studies.voices.trials import CONDITIONS

A_MINUTE = 0.01
_RESAMPLES = 100


def page(judged: Mapping[str, Found], told: str) -> str:
    """Markdown: how well pairs are told apart, and what a limit on the score does in runs.

    Args:
        judged: By candidate.
        told: Says what was judged.
    """
    names = [one.name for one in CONDITIONS]
    lines = [
        told,
        "",
        f"| AUROC | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
        *(f"| {who} | {' | '.join(_auroc(one.pairs[n]) for n in names)} |"
          for who, one in judged.items()),
        "",
        "| candidate, window | false alarms a minute | changes found, % |"
        " the same speaker moves: told, % |"
        f" found at {A_MINUTE:g} a minute with each corpus's own limit, % |",
        "|---|---|---|---|---|",
        *(f"| {who}, {window_s:g} s | {_ruled(one.runs[window_s])} |"
          for who, one in judged.items() for window_s in WINDOWS_S),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _auroc(corpora: Mapping[str, Judged]) -> str:
    """The mean of the corpora's own AUROCs: scores of two corpora are not compared."""
    score = np.concatenate([one.score for one in corpora.values()])
    other = np.concatenate([one.other for one in corpora.values()])
    owner = np.concatenate([one.owner for one in corpora.values()])
    corpus = np.concatenate([np.full(len(one.score), name) for name, one in corpora.items()])

    def mean(rows: NDArray[np.int64]) -> float:
        parts = [rows[corpus[rows] == name] for name in corpora]
        return float(np.nanmean([auroc(score[part], other[part]) for part in parts if len(part)]))

    return _shown(mean, owner, "{:.2f}")


def _ruled(corpora: Mapping[str, Runs]) -> str:
    """Alarms and found changes at the limit of the other corpora, and found at each one's own."""
    limits = {
        name: limit_for([s for o, r in corpora.items() if o != name for s in r.stays], A_MINUTE)
        for name in corpora
    }
    told = [(alarms(one.stays, limits[name]), one.of_stays) for name, one in corpora.items()]
    count = np.concatenate([each for (each, _), _ in told])
    minutes = np.concatenate([each for (_, each), _ in told])
    ends = np.concatenate([found(one.changes, limits[name]) for name, one in corpora.items()])
    moved = np.concatenate([found(one.moves, limits[name]) for name, one in corpora.items()])
    of_moves = np.array([who for one in corpora.values() for who in one.of_moves])
    of_stays = np.array([who for _, persons in told for who in persons])
    of_changes = np.array([who for one in corpora.values() for who in one.of_changes])
    best = [
        f"{name} {100 * found(one.changes, limit_for(one.stays, A_MINUTE)).mean():.0f}"
        for name, one in corpora.items()
    ]
    return " | ".join(
        [
            _shown(lambda rows: float(count[rows].sum() / minutes[rows].sum()), of_stays, "{:.2f}"),
            _shown(lambda rows: float(100 * ends[rows].mean()), of_changes, "{:.0f}"),
            _shown(lambda rows: float(100 * moved[rows].mean()), of_moves, "{:.0f}"),
            ", ".join(best),
        ]
    )


def _shown(
    metric: Callable[[NDArray[np.int64]], float], persons: NDArray[np.str_], shape: str
) -> str:
    low, high = interval(metric, persons, rounds=_RESAMPLES)
    whole = metric(np.arange(len(persons)))
    return f"{shape.format(whole)} ({shape.format(low)} to {shape.format(high)})"
