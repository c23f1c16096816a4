"""The report of an adaptation as files: JSON, and a plot of what each step gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from train.spread_plot import Spread, draw_spreads

REPORT_NAME, PLOT_NAME = "report.json", "steps.png"
FIGURES = {"accuracy": "accuracy", "micro_f1": "micro-F1", "ccc": "CCC"}
"""The names of the main figures."""


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write report.json and, where labels checked a step and matplotlib is there, steps.png."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / REPORT_NAME).write_text(text + "\n", encoding="utf-8")
    draw(report, folder / PLOT_NAME)


def draw(report: dict[str, Any], path: Path) -> Path | None:
    """The main figure before and after each step that was checked on labels, with its 95 % interval
    over persons; see `draw_spreads`."""
    figure = report["figure"]
    checked = {name: row for name, row in report["steps"].items() if "intervals" in row}
    panel = {
        when: {
            f"{name}, {'kept' if row['kept'] else 'not kept'}": Spread(
                row[f"{figure}_{when}"], *row["intervals"][place]
            )
            for name, row in checked.items()
        }
        for place, when in enumerate(("before", "after"))
    }
    return draw_spreads({FIGURES[figure]: panel}, f"Steps, checked in {report['check']}", path)
