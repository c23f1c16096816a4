"""The report of the study as Markdown."""

from __future__ import annotations

from typing import Any

from train.corpora.known import TITLES
from train.corpora.labels import LABELS
from train.tables import percent, table


def page(report: dict[str, Any]) -> str:
    """A table of answers and one of predicted labels for each stream; all figures in %."""
    of = f"Bundle: {report['bundle']}. Part: {report['part']}."
    parts = [f"{of} In %, with 95 % intervals by person.\n"]
    for stream, corpora in report["streams"].items():
        parts += [f"## {stream}\n", _answers(corpora), "", _predicted(corpora), ""]
    return "\n".join(parts)


def _answers(corpora: dict[str, Any]) -> str:
    text = any("words_of_others" in one for one in corpora.values())
    head = [
        "corpus",
        "",
        "n (persons)",
        "majority",
        "accuracy",
        "UAR",
        "among its labels",
        "probe",
    ]
    head += ["words of others", "own words"] if text else []
    head += ["ECE", "AUROC", "risk at 60 / 100", "unsure (wrong of these)"]
    rows = []
    for name, one in corpora.items():
        row = [
            TITLES[name],
            "in training" if one["trained"] else "stranger",
            f"{one['n']} ({one['persons']})",
            percent(one["majority"]),
            _with_interval(one, "accuracy"),
            f"{_with_interval(one, 'uar')} of {one['classes']}",
            percent(one["uar_among_its_labels"]),
            _with_interval(one["probe"], "uar") if one["probe"] else "-",
        ]
        if text:
            row += [percent(one[key]["uar"]) for key in ("words_of_others", "words_of_its_own")]
        row += [
            percent(one["ece"]),
            percent(one["auroc"]),
            f"{percent(one['risk_at_60'])} / {percent(one['risk'])}",
            _unsure(one),
        ]
        rows.append(row)
    return table(head, rows)


def _predicted(corpora: dict[str, Any]) -> str:
    rows = []
    for name, one in corpora.items():
        shares = [
            f"{percent(one['predicted'][label])} ({percent(one['true'][label] / one['n'])})"
            for label in LABELS
        ]
        rows.append([TITLES[name], *shares])
    return table(["predicted (true)", *LABELS], rows)


def _unsure(one: dict[str, Any]) -> str:
    wrong = one["risk_of_unsure"]
    return percent(one["unsure"]) + ("" if wrong is None else f" ({percent(wrong)})")


def _with_interval(one: dict[str, Any], metric: str) -> str:
    low, high = one[f"{metric}_interval"]
    return f"{percent(one[metric])} ({percent(low)}-{percent(high)})"


def headline(report: dict[str, Any]) -> str:
    """One line a corpus, for the terminal."""
    return "\n".join(
        f"{stream:7}{TITLES[name]:16}{'in training' if one['trained'] else 'stranger':12}"
        f" n {one['n']:5}  accuracy {percent(one['accuracy']):>5}  UAR {percent(one['uar']):>5}"
        f"  probe {percent(one['probe']['uar']) if one['probe'] else '-':>5}"
        for stream, corpora in report["streams"].items()
        for name, one in corpora.items()
    )


def left_out_page(found: dict[str, Any]) -> str:
    """UAR of each variant on the corpus that it never saw, of all labels and among its own."""
    names = list(next(iter(found.values())))
    shown = ("uar", "uar_among_its_labels")
    rows = [
        [variant, *(" / ".join(percent(one[n][key]) for key in shown) for n in names)]
        for variant, one in found.items()
    ]
    return table(["left out: UAR / among its labels", *(TITLES[n] for n in names)], rows) + "\n"
