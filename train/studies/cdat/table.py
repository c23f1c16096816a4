"""The results of `compare` as Markdown and as an image: variants, gains, quality of ConfidNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from train.spread_plot import Spread, draw_spreads
from train.statistics import mean_sd, paired
from train.studies.cdat.compare import VARIANTS
from train.tables import gain_and_chances, plus_minus, table
from train.task import PRIMARY_METRIC, Task

AGAINST = ("trained_on", "shuffled")


def text(corpus: str, task: Task, results: dict[str, Any]) -> str:
    """The page of one corpus; `results` are those of `compare`."""
    parts = [f"### {corpus}", _variants(task, results)]
    if any(run["confidence_quality"] for one in results.values() for run in one["runs"]):
        parts.append(_confidence_quality(results))
    parts.append(_masks(results))
    return "\n\n".join(parts) + "\n"


def _variants(task: Task, results: dict[str, Any]) -> str:
    primary = PRIMARY_METRIC[task]
    other = {"classes": "accuracy", "labels": "jaccard", "regression": "mae"}[task]
    head = ["model", "variant", primary, other]
    head += [f"gain over {name} (95 %; p of t / Wilcoxon)" for name in AGAINST]
    rows = []
    for kind, one in results.items():
        for name in VARIANTS:
            row = [f"{kind} (lambda {one['lambda']:g})", name]
            row += [plus_minus(mean_sd(_of(one, name, m))) for m in (primary, other)]
            for base in AGAINST:
                gain = _of(one, name, primary) - _of(one, base, primary)
                row.append("" if name == base else gain_and_chances(paired(gain)))
            rows.append(row)
    return table(head, rows)


def draw(corpus: str, task: Task, results: dict[str, Any], path: Path) -> Path | None:
    """The main metric on the test split, mean and deviation over seeds, by model and variant; see
    `draw_spreads`."""
    primary = PRIMARY_METRIC[task]
    panel = {
        name: {kind: Spread.of(mean_sd(_of(one, name, primary))) for kind, one in results.items()}
        for name in VARIANTS
    }
    return draw_spreads({primary: panel}, f"{corpus}, test: mean and deviation over seeds", path)


def _of(one: dict[str, Any], variant: str, metric: str) -> Any:
    return np.array([run["variants"][variant]["test"][metric] for run in one["runs"]])


def _confidence_quality(results: dict[str, Any]) -> str:
    head = [
        "model",
        "score",
        "deviation over samples",
        "correlation with TCP",
        "AUROC correct / wrong",
    ]
    rows = []
    for kind, one in results.items():
        for name in one["runs"][0]["confidence_quality"]:
            found = [run["confidence_quality"][name] for run in one["runs"]]
            columns = ("deviation", "correlation", "auroc")
            row = [plus_minus(mean_sd([one[k] for one in found]), 1) for k in columns]
            rows.append([kind, name, *row])
    return "ConfidNet beside scores of the logits alone, on the test split:\n\n" + table(head, rows)


def _masks(results: dict[str, Any]) -> str:
    names = list(next(iter(results.values()))["runs"][0]["base_masks"])
    rows = []
    for kind, one in results.items():
        found = [run["base_masks"] for run in one["runs"]]
        rows.append([kind, *(plus_minus(mean_sd([one[n] for one in found])) for n in names)])
    return (
        "Masking one stream of the base model on the test split,"
        " % of the wrong (correct) predictions:\n\n" + table(["model", *names], rows)
    )
