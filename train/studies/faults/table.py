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
    parts.append(_changes(test["emotion_changes"]))
    parts.append(table(["condition", *names], cells))
    return "\n\n".join(parts) + "\n"


def markdown_of_durations(report: dict[str, Any]) -> str:
    """The same for faults of several lengths: one line each, then their conditions."""
    count = report["identities"]
    names = ("all", "live", "oracle")
    head = ["the fault lasts", *names, "regret of live", "clean cost of live"]
    head += [f"another person's stream: {name}" for name in names]
    rows, told, conditions = [], [], []
    for timeline, test in report["test"].items():
        policies, lies = test["policies"], test["another_person"]
        row = [timeline, *(percent(policies[name]["accuracy"]["value"]) for name in names)]
        row += [_with_interval(policies["live"]["regret"]), percent(policies["live"]["clean_cost"])]
        rows.append(row + [percent(lies[name]["accuracy"]["value"]) for name in names])
        if changes := test["emotion_changes"]:
            told.append([timeline, *(_told(changes[name]) for name in names)])
        cells = [
            [cell, *(f"{100 * row[name]:.0f}" for name in names)]
            for cell, row in test["accuracy_during_fault"].items()
        ]
        conditions.append(f"{timeline}:\n\n" + table(["condition", *names], cells))
    parts = [
        f"Composed by class ({report['composed']}).",
        f"Identities: {count['test']} from the test parts, {count['val']} from validation, on which"
        f" the oracle's masks were chosen. One stream with a fault of severity"
        f" {report['severity']:g}; accuracy in %. In brackets: 95 % over resampled identities.",
        table(head, rows),
        "The emotion changes for as long: runs in which the new one is told for a second, and the"
        " median time from the change to the first verdict with it.",
        table(["the change lasts", *names], told),
        *conditions,
    ]
    return "\n\n".join(parts) + "\n"


def markdown_of_lies(report: dict[str, Any]) -> str:
    """Other persons' streams of several lengths: one line each, then the changes of emotion."""
    count = report["identities"]
    names = ("all", "live", "oracle")
    head = ["another person's stream lasts", *names, "recovered by live", "clean cost of live"]
    rows, told = [], []
    for timeline, test in report["test"].items():
        lies, changes = test["another_person"], test["emotion_changes"]
        row = [timeline, *(_with_interval(lies[name]["accuracy"]) for name in names)]
        row.append(_with_interval(lies["live"]["recovered"]))
        rows.append([*row, percent(test["policies"]["live"]["clean_cost"])])
        told.append([timeline, *(_told(changes[name]) for name in names)])
    parts = [
        f"Composed by class ({report['composed']}).",
        f"Identities: {count['test']} from the test parts, {count['val']} from validation, on which"
        " the oracle's masks were chosen. One stream is another person's; accuracy in %, mean of"
        " the three streams. In brackets: 95 % over resampled identities.",
        table(head, rows),
        "The emotion changes for as long: runs in which the new one is told for a second, and the"
        " median time from the change to the first verdict with it.",
        table(["the change lasts", *names], told),
    ]
    return "\n\n".join(parts) + "\n"


def _changes(changes: dict[str, Any]) -> str:
    """The delay of each policy after a change of emotion."""
    rows = [[name, _told(one)] for name, one in changes.items()]
    return table(["policy", "the emotion changes: told for a second, after (median)"], rows)


def _told(one: dict[str, Any]) -> str:
    after = "-" if one["median_s"] is None else f"{one['median_s']:.2f} s"
    return f"{100 * one['share']:.0f} %, {after}"


def _with_interval(metric: dict[str, Any]) -> str:
    low, high = metric["interval"]
    if metric["value"] is None:
        return "-"
    if low is None or high is None:
        return percent(metric["value"])
    return f"{percent(metric['value'])} ({percent(low)} to {percent(high)})"
