"""What a run of the live speech encoder found, as Markdown."""

from __future__ import annotations

from typing import Any

from train.studies.translate.student import Lesson
from train.studies.translate.sweep import label


def text(results: dict[str, Any]) -> str:
    """The table, with what was tried."""
    seeds = results["seeds"]
    head = [
        *("trained", "balanced accuracy", "macro-F1", "gain in balanced accuracy (95 %, seeds)"),
        *("p (t / Wilcoxon)", "score on validation", "how"),
    ]
    rows = [head, ["---"] * len(head)]
    for name, one in results["variants"].items():
        gain = one.get("against_alone", {}).get("uar")
        rows.append(
            [
                *(name, _cell(one["test"]["uar"]), _cell(one["test"]["macro_f1"])),
                *(_gain(gain) if gain else ("", "")),
                _cell(one["val"]),
                label(None if name == "alone" else "vision", Lesson(**one["lesson"])),
            ]
        )
    tried = ", ".join(
        f"{label('vision', Lesson(**one['lesson']))} {100 * one['score']:.1f}"
        for one in results["tried_on_validation"]
    )
    first = (
        f"Sound alone at test, seeds {seeds[0]}-{seeds[-1]}; {results['paired_clips']} of"
        f" {results['training_clips']} training clips have a face. On validation with seed"
        f" {results['search_seed']}: {tried}."
    )
    return first + "\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _cell(one: dict[str, float]) -> str:
    return f"{100 * one['mean']:.1f} ± {100 * one['sd']:.1f}"


def _gain(one: dict[str, Any]) -> tuple[str, str]:
    bounds = one["interval"]
    shown = "-" if bounds is None else f"{100 * bounds[0]:+.1f} to {100 * bounds[1]:+.1f}"
    chances = ["-" if p is None else f"{p:.3f}" for p in (one["t_p"], one["wilcoxon_p"])]
    return f"{100 * one['mean']:+.1f} ({shown})", " / ".join(chances)
