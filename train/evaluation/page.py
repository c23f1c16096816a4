"""The report of an evaluation as Markdown."""

from __future__ import annotations

from typing import Any

from edge.types import STREAMS
from train.evaluation.open_page import ALL_LABELS, WITHIN, open_group, open_headline
from train.tables import table


def page(report: dict[str, Any]) -> str:
    """README.md: what was measured, and its tables."""
    parts = [
        f"# {report['bundle']['name']} on {report['corpus']}",
        f"The answers of the live recogniser, with the bundle's own windows and gate, on"
        f" {report['recordings']} recordings of {report['persons']} persons ({report['chosen']})."
        f" Bundle {report['bundle']['digest'][:12]}." + _words(report),
    ]
    if report["samples_of_other_labels"]:
        told = ", ".join(f"{n} {label}" for label, n in report["samples_of_other_labels"].items())
        parts.append(f"Not scored, because the bundle does not know their label: {told} samples.")
    for name, group in report["verdicts"].items():
        parts.append(f"## {name.capitalize()}")
        parts += _group(report["labels"], group, report["task"])
    for title, rows in (
        ("By fault", report["by_fault"]),
        ("By person (clean)", report["by_person"]),
    ):
        if rows:
            parts += [f"## {title}", _shorts(rows, report["task"])]
    parts.append("![Figures](figures.png)")
    return "\n\n".join(parts) + "\n"


def headline(report: dict[str, Any]) -> str:
    """Lines for the terminal."""
    lines = [f"{report['bundle']['name']} on {report['corpus']}: {report['chosen']}"]
    for name, group in report["verdicts"].items():
        found, seen = group["scores"], group["behaviour"]
        line = f"{name:8} {seen['n']} verdicts, answered {_p(seen['answered'])} %"
        if found is not None and "figures" in found:
            line += f", {open_headline(found)}"
        elif found is not None:
            line += (
                f", accuracy {_wide(found['accuracy'])}, UAR {_wide(found['uar'])}, when answered"
                f" {_p(found['accuracy_answered'])} %, ECE {_d(found['ece'])}"
            )
        lines.append(line)
        used = ", ".join(f"{s} {_p(seen['streams'][s]['used'])} %" for s in STREAMS)
        lines.append(f"{'':8} used: {used}")
        if found is not None and "figures" not in found:
            best = _best(found["single"])
            if best is not None:
                one = found["single"][best]
                lines.append(
                    f"{'':8} best single stream: {best}, UAR {_p(one['uar'])} %; fused in the same"
                    f" {one['n']} verdicts {_p(one['fused_uar_there'])} %"
                )
    return "\n".join(lines)


def _group(labels: list[str], group: dict[str, Any], task: str) -> list[str]:
    found, seen = group["scores"], group["behaviour"]
    parts: list[str] = []
    if found is not None and "figures" in found:
        parts += open_group(found)
    elif found is not None:
        rows = [
            ("accuracy", _wide(found["accuracy"])),
            ("UAR", _wide(found["uar"])),
            ("macro-F1", _wide(found["macro_f1"])),
            ("accuracy when answered", _p(found["accuracy_answered"])),
            ("accuracy of a sample's mean scores", _p(found["accuracy_by_sample"])),
            ("risk at 60 % coverage", _p(found["risk_at_60"])),
            ("risk at 100 % coverage", _p(found["risk_at_100"])),
            ("ECE of the confidence", _d(found["ece"])),
            ("AUROC of the confidence, right or wrong", _d(found["auroc_right_or_wrong"])),
        ]
        told = (
            f"{found['n']} verdicts on {found['samples']} samples of {found['persons']} persons, in"
            " %, with 95 % intervals over persons. A verdict that abstains counts with its"
            " likeliest label, one without any stream as wrong."
        )
        parts += [
            told,
            table(("figure", "value"), rows),
            "Each stream alone, and the fused answer in the same verdicts (UAR in %):",
        ]
        single = [
            (stream, str(one["n"]), _p(one["uar"]), _p(one["fused_uar_there"]))
            for stream, one in found["single"].items()
        ]
        parts.append(table(("stream", "verdicts", "alone", "fused"), single))
        parts.append("Confusion (a row for each true label):")
        heads = ("", *labels, "no stream")
        body = zip(labels, found["confusion"], strict=True)
        parts.append(table(heads, [(name, *map(str, row)) for name, row in body if sum(row)]))
    # Shares of labels, several of which may be given; the mean of a number, which is no share.
    shown = _d if task == "regression" else _p
    answers = ", ".join(f"{label} {shown(share)}" for label, share in seen["answers"].items())
    how = "Mean answer" if task == "regression" else "Answers in %"
    parts.append(
        f"Answered {_p(seen['answered'])} % of {seen['n']} verdicts, abstained"
        f" {_p(seen['abstained'])} %, had no stream in {_p(seen['without_any_stream'])} %."
        f" {how}: {answers}."
    )
    streams = [
        (
            stream,
            _p(one["used"]),
            "-" if one["reliability_mean"] is None else _d(one["reliability_mean"]),
            ", ".join(f"{why} {_p(share)}" for why, share in one["not_used"].items()) or "-",
        )
        for stream, one in seen["streams"].items()
    ]
    parts.append(table(("stream", "used, %", "reliability", "not used because, %"), streams))
    return parts


def _shorts(rows: dict[str, Any], task: str) -> str:
    right = {"multiclass": "accuracy", "multilabel": ALL_LABELS}.get(task, WITHIN)
    heads = (
        "",
        "verdicts",
        right,
        "when answered",
        "answered",
        *(f"{s} used" for s in STREAMS),
    )
    return table(
        heads,
        [
            (
                name,
                str(one["n"]),
                *(_p(one[key]) for key in ("accuracy", "accuracy_answered", "answered")),
                *(_p(one["used"][stream]) for stream in STREAMS),
            )
            for name, one in rows.items()
        ],
    )


def _words(report: dict[str, Any]) -> str:
    if not report["with_given_words"]:
        return ""
    return (
        f" In {report['with_given_words']} of them the words are those of the transcripts, not of"
        " speech-to-text."
    )


def _best(single: dict[str, Any]) -> str | None:
    found = {name: one["uar"] for name, one in single.items() if one["uar"] is not None}
    return max(found, key=lambda name: found[name]) if found else None


def _wide(one: dict[str, Any]) -> str:
    low, high = one["interval"]
    return f"{_p(one['value'])} ({_p(low)} to {_p(high)})"


def _p(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _d(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
