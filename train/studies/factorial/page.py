"""The factorial as Markdown: accuracy and gains, then the checks of the treatment."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.statistics import mean_sd
from train.studies.factorial.contrasts import AGAINST
from train.tables import gain, percent, plus_minus, table

SUCCESS = 0.01
"""The gain of CDaT over `shuffled` that counts, stated before anything was measured."""


def page(result: dict[str, Any]) -> str:
    """The page of one corpus; `result` is that of `factorial`."""
    own = "" if result.get("confidences", "tcp") == "tcp" else f", {result['confidences']}"
    parts = [f"### {result['corpus']}, {result['seeds']} seeds{own}"]
    for kind, one in result["models"].items():
        if not one["cells"]:
            parts.append(f"{kind}: no cell is complete yet.")
            continue
        parts += [f"{kind}: accuracy on the test part, %", _accuracy(one["contrasts"])]
        parts += [f"{kind}: gains in points (95 %; p after Holm)", _gains(one["contrasts"])]
        parts += [f"{kind}: was it a treatment?", _treatment(one["cells"]), verdict(one)]
    return "\n\n".join(parts) + "\n"


def verdict(one: dict[str, Any]) -> str:
    """Whether CDaT has met the stated success in any regime and measure."""
    won = [
        f"{_regime(c)}, {c['measure']}"
        for c in one["contrasts"]
        if c["kind"] == "cdat"
        and (g := c["gains"].get("shuffled"))
        and g["mean"] >= SUCCESS
        and g["holm_p"] < 0.05
    ]
    what = f"CDaT above shuffled by {100 * SUCCESS:g} point or more after Holm: "
    return what + ("; ".join(won) if won else "nowhere") + "."


def _accuracy(found: list[dict[str, Any]]) -> str:
    measures = list(dict.fromkeys(c["measure"] for c in found))
    rows: dict[tuple[str, str], list[str]] = {}
    for c in found:
        rows.setdefault((_regime(c), c["kind"]), []).append(plus_minus(c["accuracy"]))
    return table(["regime", "weights", *measures], [[*k, *v] for k, v in rows.items()])


def _gains(found: list[dict[str, Any]]) -> str:
    rows = []
    for c in found:
        if c["kind"] in ("none", "shuffled"):
            continue
        cells = [
            f"{gain(g)}; {g['holm_p']:.2f}" if (g := c["gains"].get(base)) else "-"
            for base in AGAINST
        ]
        rows.append([_regime(c), c["kind"], c["measure"], *cells])
    return table(["regime", "weights", "measure", *(f"over {b}" for b in AGAINST)], rows)


def _treatment(cells: list[dict[str, Any]]) -> str:
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for cell in cells:
        key = (_regime(cell), cell["kind"], f"{cell['lambda']:g}")
        groups.setdefault(key, []).append(cell["treatment"])
    rows = []
    for key, runs in groups.items():
        kl = [f"{np.mean([r[k] for r in runs]):.3f}" for k in ("kl_before", "kl_after")]
        order = order_cells(runs)
        changed = percent(float(np.mean([r["changed"] for r in runs])))
        rows.append([*key, *kl, changed, *order])
    head = ["regime", "weights", "lambda", "KL before, nat", "KL after", "changed answers, %"]
    return table([*head, "order of c_-m, AUC", "order agrees, %"], rows)


def order_cells(runs: list[dict[str, Any]]) -> list[str]:
    """`order_auc` and `order_agrees` over the runs that have one; "-" for none."""
    areas, agrees = (
        [run[name] for run in runs if run[name] is not None]
        for name in ("order_auc", "order_agrees")
    )
    return [
        plus_minus(mean_sd(areas), 1) if areas else "-",
        percent(float(np.mean(agrees))) if agrees else "-",
    ]


def _regime(one: dict[str, Any]) -> str:
    return f"{one['when']}, {100 * one['labelled_share']:g} %"
