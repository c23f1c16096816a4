"""The report of the study as Markdown."""

from __future__ import annotations

from typing import Any

from train.corpora.known import TITLES
from train.studies.adapt.measure import FIGURES
from train.tables import bounds, percent, table

PAGE_NAME = "adapt_study.md"
SHOWN = {
    "accuracy": "accuracy",
    "uar": "UAR",
    "ece": "ECE",
    "auroc": "AUROC",
    "answered": "verdicts with a stream",
    "accuracy_answered": "accuracy of these",
}


def page(report: dict[str, Any]) -> str:
    """A table of figures and one of steps; all figures in %."""
    told = report["settings"]
    head = (
        f"Bundle: {report['bundle']}. {told['clips']} clips of each test person, half adapted to"
        f" and half measured; halves cut {told['seeds']} times. In %: mean over persons before and"
        " after, the gain, and its 95 % interval over persons, of five persons or more. A"
        " verdict without any stream counts as wrong.\n"
    )
    return "\n".join([head, _figures(report["summary"]), "", _steps(report["summary"]), ""])


def headline(report: dict[str, Any]) -> str:
    """One line a corpus and number of labels, for the terminal."""
    return "\n".join(
        f"{TITLES[name]:8} {labels:>3} labels  {one['persons']:2} persons  accuracy"
        f" {_number(one['accuracy']['before'])} to {_number(one['accuracy']['after'])}"
        f" (gain {_gain(one['accuracy']['gain'])})"
        for name, by_labels in report["summary"].items()
        for labels, one in by_labels.items()
    )


def _figures(summary: dict[str, Any]) -> str:
    rows = [
        [
            *(TITLES[name], labels, str(one["persons"])),
            *(_cell(one[f]) for f in FIGURES),
            str(one["worse"]),
        ]
        for name, by_labels in summary.items()
        for labels, one in by_labels.items()
    ]
    head = ["corpus", "labels", "persons", *(SHOWN[f] for f in FIGURES), "persons less accurate"]
    return table(head, rows)


def _steps(summary: dict[str, Any]) -> str:
    names = list(
        dict.fromkeys(
            step for by in summary.values() for one in by.values() for step in one["kept"]
        )
    )
    rows = [
        [
            TITLES[name],
            labels,
            str(one["adaptations"]),
            *(str(one["kept"].get(step, 0)) for step in names),
            str(one["nothing_kept"]),
        ]
        for name, by_labels in summary.items()
        for labels, one in by_labels.items()
    ]
    return table(["steps kept", "labels", "adaptations", *names, "none kept"], rows)


def _cell(one: dict[str, Any]) -> str:
    return f"{_number(one['before'])} to {_number(one['after'])}, {_gain(one['gain'])}"


def _number(one: dict[str, Any]) -> str:
    return "-" if one["mean"] is None else percent(one["mean"])


def _gain(one: dict[str, Any]) -> str:
    if one["mean"] is None:
        return "-"
    return f"{100 * one['mean']:+.1f} ({bounds(one['interval'])})"
