"""The page of several factorials: the verdict, CDaT's gains, the sums over cells, the checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.studies.factorial.contrasts import AGAINST
from train.studies.factorial.page import SUCCESS, order_cells
from train.tables import gain, percent, table

WHO = ["corpus", "model", "regime"]


def page(found: list[dict[str, Any]], checks: list[dict[str, Any]]) -> str:
    """The Markdown.

    Args:
        found: contrasts with `corpus` and `model`, corrected over all.
        checks: the cells with `corpus` and `model`, without answers.
    """
    parts = [verdict(found)]
    for base in AGAINST:
        parts += [f"CDaT over {base}, points (95 %), * p < 0.05 after Holm", _gains(found, base)]
    parts += ["All cells of a kind of weights", _sums(found)]
    parts += ["Was CDaT a treatment?", _treatment(checks)]
    return "\n\n".join(parts) + "\n"


def verdict(found: list[dict[str, Any]]) -> str:
    """Whether the stated success is met in any cell, and the nearest if it is not."""
    cells = [c for c in found if c["kind"] == "cdat" and "shuffled" in c["gains"]]
    if not cells:
        return "No cell has both CDaT and shuffled weights yet."
    won = [c for c in cells if _met(c["gains"]["shuffled"])]
    what = (
        f"CDaT above shuffled by {100 * SUCCESS:g} point or more after Holm over"
        f" {len(cells)} cells: "
    )
    if won:
        return what + "; ".join(_name(c) for c in won) + "."
    above = [c for c in cells if c["gains"]["shuffled"]["mean"] > 0] or cells
    near = min(above, key=_p)
    one = near["gains"]["shuffled"]
    return (
        f"{what}nowhere. The gain with the smallest p: {_name(near)}, {gain(one)}, p"
        f" {one['p']:.4f} alone and {one['holm_p']:.2f} after Holm."
    )


def _gains(found: list[dict[str, Any]], base: str) -> str:
    mine = [c for c in found if c["kind"] == "cdat" and base in c["gains"]]
    measures = sorted({c["measure"] for c in mine}, key=lambda m: (m != "fused", m))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for c in mine:
        one = c["gains"][base]
        star = "*" if one["holm_p"] < 0.05 else ""
        rows.setdefault(_who(c), {})[c["measure"]] = gain(one) + star
    cells = [[*who, *(row.get(m, "-") for m in measures)] for who, row in rows.items()]
    return table([*WHO, *measures], cells)


def _sums(found: list[dict[str, Any]]) -> str:
    """By weights and baseline: how many cells, their mean gain, and how many pass a threshold.
    Chance alone gives some 2.5 % below 0.05 on each side before the correction."""
    rows = []
    for kind in dict.fromkeys(c["kind"] for c in found):
        for base in AGAINST:
            for name, fused in (("fused", True), ("alone or corrupted", False)):
                gains = [
                    c["gains"][base]
                    for c in found
                    if c["kind"] == kind
                    and base in c["gains"]
                    and (c["measure"] == "fused") is fused
                ]
                if gains:
                    rows.append([kind, base, name, str(len(gains)), *_counts(gains)])
    head = ["weights", "over", "measure", "cells", "mean gain", "above, p < 0.05"]
    return table([*head, "below, p < 0.05", "above, after Holm", "below, after Holm"], rows)


def _counts(gains: list[dict[str, Any]]) -> list[str]:
    counts = [
        sum(1 for g in gains if g[key] < 0.05 and (g["mean"] > 0) is above)
        for key in ("p", "holm_p")
        for above in (True, False)
    ]
    return [f"{100 * np.mean([g['mean'] for g in gains]):+.2f}", *map(str, counts)]


def _treatment(checks: list[dict[str, Any]]) -> str:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for cell in checks:
        if cell["kind"] == "cdat":
            groups.setdefault(_who(cell), []).append(cell)
    rows = []
    for who, runs in groups.items():
        seen = [r["treatment"] for r in runs]
        kl = [f"{np.mean([t[k] for t in seen]):.3f}" for k in ("kl_before", "kl_after")]
        changed = percent(float(np.mean([t["changed"] for t in seen])))
        labels = f"{runs[0]['labelled']} + {runs[0]['unlabelled']}"
        rows.append([*who, labels, f"{runs[0]['lambda']:g}", *kl, changed, *order_cells(seen)])
    head = ["labelled + unlabelled", "lambda", "KL before, nat", "KL after", "changed answers, %"]
    return table([*WHO, *head, "order of c_-m, AUC", "order agrees, %"], rows)


def _who(one: dict[str, Any]) -> tuple[str, ...]:
    regime = f"{one['when']}, {100 * one['labelled_share']:g} %"
    return one["corpus"], one["model"], regime


def _name(one: dict[str, Any]) -> str:
    return ", ".join((*_who(one), one["measure"]))


def _met(one: dict[str, Any]) -> bool:
    return bool(one["mean"] >= SUCCESS and one["holm_p"] < 0.05)


def _p(one: dict[str, Any]) -> float:
    return float(one["gains"]["shuffled"]["p"])
