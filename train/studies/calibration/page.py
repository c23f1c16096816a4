"""The report of the study as Markdown."""

from __future__ import annotations

from typing import Any

from train.corpora.known import TITLES
from train.tables import bounds, percent, table


def page(report: dict[str, Any]) -> str:
    """Tables of each stream: validation by strength, and test by corpus; all figures in points of
    UAR, with 95 % intervals over persons."""
    parts = [f"Bundle: {report['bundle']}. {report['draws']} draws of the neutral items.\n"]
    for stream, one in report["streams"].items():
        parts += [f"## {stream}\n", _validation(one), "", _counts(one), _test(one), ""]
        parts += [headline_of(stream, one), ""]
    return "\n".join(parts)


def headline_of(stream: str, one: dict[str, Any]) -> str:
    """What follows from the measurement, in a sentence."""
    tried = f"{one['tested_strength']:g}"
    chosen = _gain(one["val"]["by_strength"][tried])
    told = f"gain at strength {tried}: validation {chosen}, test {_gain(one['test'])}"
    return f"{stream}: {'corrected' if one['strength'] else 'not corrected'}; {told}."


def headline(report: dict[str, Any]) -> str:
    """A line a stream, for the terminal."""
    return "\n".join(headline_of(stream, one) for stream, one in report["streams"].items())


def _validation(one: dict[str, Any]) -> str:
    val = one["val"]
    people = ", ".join(f"{TITLES[name]} {count}" for name, count in val["persons"].items())
    rows = [
        [strength, _gain(gain), _gain(val["own_corpus_as_reference"][strength])]
        for strength, gain in val["by_strength"].items()
        if strength != "0"
    ]
    head = ["strength", "one reference for all", "reference of the own corpus"]
    said = f"Validation ({people} persons), {one['count']} neutral item(s) of each person:\n\n"
    return said + table(head, rows)


def _counts(one: dict[str, Any]) -> str:
    counts = one["val"]["by_count"]["counts"]
    if not counts:
        return ""
    k = one["val"]["by_count"]["k"]
    rows = [
        [
            count,
            _gain(found["fixed"]),
            f"{_gain(found['shrunk'])} at {found['shrunk']['strength']:.2f}",
        ]
        for count, found in counts.items()
    ]
    head = ["neutral items", f"strength {one['tested_strength']:g}", f"n / (n + {k:g})"]
    return table(head, rows) + "\n"


def _test(one: dict[str, Any]) -> str:
    rows = []
    for name, found in one["test"]["corpora"].items():
        better = sum(gain > 0 for gain in found["by_person"])
        worse = sum(gain < 0 for gain in found["by_person"])
        rows.append(
            [
                TITLES[name],
                str(found["persons"]),
                " -> ".join(percent(share) for share in found["accuracy"]),
                " -> ".join(percent(share) for share in found["uar"]),
                _gain(found),
                f"{better} / {worse}",
            ]
        )
    rows.append(["mean", "", "", "", _gain(one["test"]), ""])
    head = ["corpus", "persons", "accuracy", "UAR", "gain", "persons better / worse"]
    each = [_gain(one[part]["of_persons"]) for part in ("val", "test")]
    persons = f"Accuracy of a person: validation {each[0]}, test {each[1]}."
    strength = f"{one['tested_strength']:g}"
    return f"Test, at strength {strength}:\n\n{table(head, rows)}\n\n{persons}"


def _gain(one: dict[str, Any]) -> str:
    return f"{100 * one['gain']:+.1f} ({bounds(one['interval'])})"
