"""What `compare` found, as Markdown: the variants, what they gain, whether ConfidNet is alive."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.statistics import paired
from train.studies.cdat.compare import VARIANTS
from train.task import PRIMARY_METRIC, Task

AGAINST = ("trained_on", "shuffled")


def text(corpus: str, task: Task, results: dict[str, Any]) -> str:
    """The whole page of one corpus; `results` as `compare` gives them."""
    parts = [f"### {corpus}", _variants(task, results)]
    if any(run["alive"] for one in results.values() for run in one["runs"]):
        parts.append(_alive(results))
    parts.append(_masks(results))
    return "\n\n".join(parts) + "\n"


def _variants(task: Task, results: dict[str, Any]) -> str:
    figure = PRIMARY_METRIC[task]
    other = {"classes": "accuracy", "labels": "jaccard", "regression": "mae"}[task]
    head = ["model", "variant", figure, other]
    head += [f"gain over {name} (95 %; p of t / Wilcoxon)" for name in AGAINST]
    rows = [head, ["---"] * len(head)]
    for kind, one in results.items():
        for name in VARIANTS:
            row = [f"{kind} (lambda {one['lambda']:g})", name]
            row += [spread(_of(one, name, f)) for f in (figure, other)]
            for base in AGAINST:
                gain = _of(one, name, figure) - _of(one, base, figure)
                row.append("" if name == base else _gain(gain))
            rows.append(row)
    return _table(rows)


def _of(one: dict[str, Any], variant: str, figure: str) -> Any:
    return np.array([run["variants"][variant]["test"][figure] for run in one["runs"]])


def _alive(results: dict[str, Any]) -> str:
    rows = [
        ["model", "score", "deviation over samples", "correlation with TCP", "AUROC right / wrong"],
        ["---"] * 5,
    ]
    for kind, one in results.items():
        for name in one["runs"][0]["alive"]:
            found = [run["alive"][name] for run in one["runs"]]
            row = [spread([f[k] for f in found], 1) for k in ("deviation", "correlation", "auroc")]
            rows.append([kind, name, *row])
    return "ConfidNet beside what the answer says of itself, on the test part:\n\n" + _table(rows)


def _masks(results: dict[str, Any]) -> str:
    names = list(next(iter(results.values()))["runs"][0]["base_masks"])
    rows = [["model", *names], ["---"] * (len(names) + 1)]
    for kind, one in results.items():
        found = [run["base_masks"] for run in one["runs"]]
        rows.append([kind, *(spread([f[n] for f in found]) for n in names)])
    return (
        "Masking one stream of the base model on the test part, % of the wrong (right) answers:\n\n"
        + _table(rows)
    )


def spread(values: Any, factor: float = 100.0) -> str:
    """Mean and sample deviation."""
    x = factor * np.asarray(values, np.float64)
    digits = 1 if factor > 1 else 3
    deviation = x.std(ddof=1) if len(x) > 1 else 0.0
    return f"{x.mean():.{digits}f} ± {deviation:.{digits}f}"


def _gain(gain: Any) -> str:
    found = paired(gain)
    mean = f"{100 * found['mean']:+.2f}"
    if found["interval"] is None:
        return mean
    low, high = (100 * bound for bound in found["interval"])
    signed = found["wilcoxon_p"]
    shown = "" if signed is None else f" / {signed:.2f}"
    return f"{mean} ({low:+.2f} to {high:+.2f}; {found['t_p']:.2f}{shown})"


def _table(rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
