"""The tables of the study: one half of the speakers to choose by, the other to report."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge.asr.stability import AFTER, STOOD_MS
from train.metrics import interval
from train.studies.words.listening import Looks
from train.studies.words.sounds import OTHER_LANGUAGES
from train.tables import bounds, percent, table

FORMER = 0.7
"""The confidence that every unfinished word had before."""
_RESAMPLES = 200


def page(looks: Looks, seed: int) -> str:
    """Survival by stability in the half to choose by; errors in the other."""
    chosen = halves(looks, seed)
    return "\n\n".join(
        [
            "In the final result, %, of the half of the speakers that the table is chosen by; in"
            " brackets 95 % over resampled speakers, then the looks at words.",
            survival(looks, chosen),
            "The other half: Brier scores, smaller is better. Base rate: of the first half. Gain:"
            " of the given confidence over the constant, 95 % over resampled speakers.",
            scores(looks, chosen),
            "All: for how long words have stood, %, by the words after them.",
            spread(looks),
        ]
    )


def halves(looks: Looks, seed: int) -> NDArray[np.bool_]:
    """Which looks are of the half to choose by, (n,): every other speaker of each condition in
    English."""
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    for condition in sorted(set(looks.conditions) - set(OTHER_LANGUAGES)):
        speakers = np.unique(looks.speakers[looks.conditions == condition])
        chosen += list(rng.permutation(speakers)[::2])
    return np.isin(looks.speakers, chosen)


def survival(looks: Looks, chosen: NDArray[np.bool_]) -> str:
    """A row for each time stood, a column for each number of words after."""
    rows = np.digitize(looks.stood_ms, STOOD_MS) - 1
    columns = np.digitize(looks.words_after, AFTER) - 1
    lines = []
    for row, stood in enumerate(_spans(STOOD_MS)):
        cells = [
            _share(looks, chosen & (rows == row) & (columns == column))
            for column in range(len(AFTER))
        ]
        lines.append([stood, *cells])
    return table(["stood, ms", *(f"{after} words after" for after in _spans(AFTER))], lines)


def scores(looks: Looks, chosen: NDArray[np.bool_]) -> str:
    """A row for each condition of the half that is not `chosen`."""
    base = float(looks.survives[chosen].mean()) if chosen.any() else FORMER
    lines = []
    english = ~np.isin(looks.conditions, OTHER_LANGUAGES)
    for condition in [*dict.fromkeys(looks.conditions), None]:
        of = ~chosen & (english if condition is None else looks.conditions == condition)
        if not of.any():
            continue
        survives, given = looks.survives[of], looks.given[of]
        constant = (FORMER - survives) ** 2
        errors = (given - survives) ** 2
        gains = constant - errors
        low, high = _interval(gains, looks.speakers[of])
        lines.append(
            [
                condition or "together, without other languages",
                str(len(survives)),
                percent(float(survives.mean())),
                f"{constant.mean():.3f}",
                f"{((base - survives) ** 2).mean():.3f}",
                f"{errors.mean():.3f}",
                bounds((low, high), 1.0, 3),
            ]
        )
    head = ["speech", "looks", "survive, %", f"constant {FORMER:g}", "base rate", "given", "gain"]
    return table(head, lines)


def spread(looks: Looks) -> str:
    """A row for each number of words after, a column for each time stood."""
    rows = np.digitize(looks.stood_ms, STOOD_MS) - 1
    columns = np.digitize(looks.words_after, AFTER) - 1
    lines = []
    for column, after in enumerate(_spans(AFTER)):
        of = rows[columns == column]
        shares = [float(np.mean(of == row)) if len(of) else 0.0 for row in range(len(STOOD_MS))]
        lines.append([after, *map(percent, shares)])
    return table(["words after", *(f"{stood} ms" for stood in _spans(STOOD_MS))], lines)


def _share(looks: Looks, rows: NDArray[np.bool_]) -> str:
    survives = looks.survives[rows]
    if not len(survives):
        return "-"
    low, high = _interval(100.0 * survives, looks.speakers[rows])
    return f"{100 * survives.mean():.0f} ({low:.0f} to {high:.0f}), {len(survives)}"


def _interval(values: NDArray[np.floating], speakers: NDArray[np.str_]) -> tuple[float, float]:
    return interval(lambda at: float(np.mean(values[at])), speakers, rounds=_RESAMPLES)


def _spans(edges: tuple[int, ...]) -> list[str]:
    spans = [
        str(low) if high - low == 1 else f"{low} to {high - 1}" for low, high in pairwise(edges)
    ]
    return [*spans, f"{edges[-1]} or more"]
