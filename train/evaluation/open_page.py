"""The figures of several labels, or of a number, as Markdown and as lines for the terminal."""

from __future__ import annotations

from typing import Any

from train.tables import table

NAMES = {
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "ccc": "CCC",
    "mae": "mean absolute error",
}


ALL_LABELS, WITHIN = "all labels right", "within a standard deviation"
"""When a verdict counts as right."""


def open_headline(found: dict[str, Any]) -> str:
    """The figures with their intervals, in a line."""
    return ", ".join(f"{NAMES[name]} {_wide(one)}" for name, one in found["figures"].items())


def open_group(found: dict[str, Any]) -> list[str]:
    """Paragraphs and tables of one group of verdicts."""
    right = ALL_LABELS if "labels" in found else WITHIN
    rows = [(NAMES[name], _wide(one)) for name, one in found["figures"].items()]
    rows += [
        (right, _d(found["right"])),
        (f"{right}, when answered", _d(found["right_when_answered"])),
        ("AUROC of the confidence, right or wrong", _d(found["auroc_right_or_wrong"])),
    ]
    parts = [
        f"{found['n']} verdicts on {found['samples']} samples of {found['persons']} persons, with"
        " 95 % intervals over persons. A verdict that abstains counts with what it would have"
        " answered; one without any stream has no label, or the mean of the training's numbers.",
        table(("figure", "value"), rows),
        "Each stream alone, and the fused answer in the same verdicts:",
    ]
    main = next(iter(found["figures"]))
    single = [
        (stream, str(one["n"]), _d(one["alone"][main]), _d(one["fused_there"][main]))
        for stream, one in found["single"].items()
    ]
    parts.append(table(("stream", "verdicts", f"{NAMES[main]} alone", "fused"), single))
    if "labels" in found:
        labels = [(name, _d(one["share"]), _d(one["f1"])) for name, one in found["labels"].items()]
        parts.append(table(("label", "share of verdicts", "F1"), labels))
    return parts


def _wide(one: dict[str, Any]) -> str:
    low, high = one["interval"]
    return f"{_d(one['value'])} ({_d(low)} to {_d(high)})"


def _d(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
