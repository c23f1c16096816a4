"""The results of the live speech encoder as Markdown."""

from __future__ import annotations

from typing import Any

from train.studies.translate.distillation import Distillation, label
from train.tables import chances, gain, plus_minus, table


def text(results: dict[str, Any]) -> str:
    """The table of variants, after the candidates of the search."""
    seeds = results["seeds"]
    head = [
        "trained",
        "balanced accuracy",
        "macro-F1",
        "gain in balanced accuracy (95 %, seeds)",
        "p (t / Wilcoxon)",
        "score on validation",
        "how",
    ]
    rows = []
    for name, one in results["variants"].items():
        found = one.get("against_alone", {}).get("uar")
        rows.append(
            [
                name,
                plus_minus(one["test"]["uar"]),
                plus_minus(one["test"]["macro_f1"]),
                gain(found) if found else "",
                chances([found["t_p"], found["wilcoxon_p"]]) if found else "",
                plus_minus(one["val"]),
                label(None if name == "alone" else "vision", Distillation(**one["distillation"])),
            ]
        )
    tried = ", ".join(
        f"{label('vision', Distillation(**one['distillation']))} {100 * one['score']:.1f}"
        for one in results["tried_on_validation"]
    )
    first = (
        f"Sound alone at test, seeds {seeds[0]}-{seeds[-1]}; {results['paired_clips']} of"
        f" {results['training_clips']} training clips have a face. On validation with seed"
        f" {results['search_seed']}: {tried}."
    )
    return f"{first}\n\n{table(head, rows)}\n"
