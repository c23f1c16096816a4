"""The comparison as a Markdown table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from train.studies.translate.distillation import Distillation, label
from train.studies.translate.metrics import REPORTED
from train.tables import bounds, chances, gain, plus_minus, table
from train.task import Task

SHOWN = {
    "balanced_accuracy": ("balanced accuracy", 100.0),
    "macro_f1": ("macro-F1", 100.0),
    "ccc": ("CCC", 1.0),
    "negative_mae": ("- MAE", 1.0),
}


def write_table(path: Path, results: dict[str, Any]) -> None:
    """Write the results of `compare` to a file."""
    path.write_text(text(results), encoding="utf-8")


def text(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    task: Task = results["task"]
    names = REPORTED[task]
    seeds = results["seeds"]
    ranking = ", ".join(
        f"{one['stream']} {sum(one['scores']) / len(one['scores']):.3f}"
        for one in results["ranking"]
    )
    parts = [
        f"### {results['corpus']}: {results['strong']} distilled into "
        + " and ".join(results["weak"]),
        f"Seeds {seeds[0]}-{seeds[-1]}; weights chosen on validation with the seeds"
        f" {results['search_seeds'][0]}-{results['search_seeds'][-1]}. Alone on validation:"
        f" {ranking}. The teacher's own stream on test: "
        + ", ".join(
            plus_minus(results["teacher"]["test"][n], SHOWN[n][1]) + f" {SHOWN[n][0]}"
            for n in names
        )
        + ".",
    ]
    for stream, one in results["weak"].items():
        parts.append(f"**{stream} alone at test** ({one['n_test']} samples)")
        parts.append(_variants(one["variants"], names, results["strong"]))
    return "\n\n".join(parts) + "\n"


def _variants(variants: dict[str, Any], names: tuple[str, ...], strong: str) -> str:
    first = names[0]
    head = [
        "trained",
        *(SHOWN[n][0] for n in names),
        f"gain in {SHOWN[first][0]} over alone (95 %, seeds)",
        "p (t / by Holm / Wilcoxon)",
        "95 %, test groups",
        "chosen on validation",
    ]
    rows = []
    for name, one in variants.items():
        row = [name, *(plus_minus(one["test"][n], SHOWN[n][1]) for n in names)]
        row += ["", "", ""] if name == "alone" else _gain(one["against"]["alone"][first], first)
        row.append(label(None if name == "alone" else strong, Distillation(**one["distillation"])))
        rows.append(row)
        for other, found in one.get("against", {}).items():
            if other != "alone":
                extra = [f"({name}, compared with {other})", *("" for _ in names)]
                rows.append([*extra, *_gain(found[first], first), ""])
    return table(head, rows)


def _gain(one: dict[str, Any], name: str) -> list[str]:
    """Cells of the gain, its p-values, and its interval over the test groups."""
    scale = SHOWN[name][1]
    shown = chances([one["t_p"], one.get("holm_p"), one["wilcoxon_p"]])
    return [gain(one, scale), shown, bounds(one["groups"], scale)]
