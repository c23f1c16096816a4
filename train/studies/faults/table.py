"""The study of faults as a Markdown page."""

from __future__ import annotations

from typing import Any

from train.tables import percent, table


def markdown(report: dict[str, Any]) -> str:
    """The report as a page; it starts with the statement that identities are composed."""
    test, count = report["test"], report["identities"]
    names = list(test["policies"])
    parts = [
        f"Composed by class ({report['composed']}).",
        f"Identities: {count['test']} from the test parts, {count['val']} from "
        "validation, on which everything was chosen. Severe: severity 0.6 and more, one stream or "
        "two. In brackets: 95 % over resampled identities.",
    ]
    shown = ("accuracy", "regret", "recovered")
    head = ["policy", "accuracy under severe faults", "regret to the oracle", "recovered"]
    policies = [
        [name, *(_with_interval(row[key]) for key in shown), percent(row["clean_cost"])]
        for name, row in test["policies"].items()
    ]
    lies = [
        [name, *(_with_interval(row[key]) for key in shown)]
        for name, row in test["another_person"].items()
    ]
    cells = [
        [cell, *(f"{100 * row[name]:.0f}" for name in names)]
        for cell, row in test["accuracy_during_fault"].items()
    ]
    lie_head = ["policy", "accuracy while a stream is another person's", *head[2:]]
    parts += [table([*head, "clean cost"], policies), table(lie_head, lies)]
    parts.append(table(["condition", *names], cells))
    return "\n\n".join(parts) + "\n"


def _with_interval(metric: dict[str, Any]) -> str:
    low, high = metric["interval"]
    return f"{percent(metric['value'])} ({percent(low)} to {percent(high)})"
