"""The page's tables and lines as HTML. All external text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from edge.dashboard.history import History, Line
from edge.recognition.verdict import shown_answer

NUMBERS = {"reliability", "age", "coverage", "count", "lowest", "value"}


def answer(line: Line) -> str:
    """The answer in large type."""
    label = escape(shown_answer(line))
    sure = line["confidence"]
    return label if sure is None else f"{label} <small>{sure:.2f}</small>"


def said(line: Line, ended: bool) -> str:
    """One sentence for screen readers. It changes only with the use of the streams."""
    if ended:
        return "The run has ended."
    out = [
        f"{name} is not used{': ' + shown['reason'] if shown['reason'] else ''}"
        for name, shown in line["streams"].items()
        if shown["state"] == "dropped"
    ]
    phase = line.get("phase")
    script = f" (script: {phase['name']})" if phase else ""
    who = f"{line['faces']} faces; the nearest is tracked. " if (line["faces"] or 0) > 1 else ""
    return escape(f"{who}{_spoken('; '.join(out)) or 'All streams are used'}{script}.")


def scores(line: Line) -> str:
    """A bar a label, of which several may be given; or the number on its scale."""
    if "number" in line:
        return _scale(line)
    given = line.get("labels") or [line["label"]]
    rows = [
        f"<tr{' class=is-label' if label in given else ''}><th scope=row>{escape(label)}"
        f'</th><td width="60%"><meter min=0 max=1 value={p:.3f} aria-label="{escape(label)}">'
        f"</meter></td><td class=n>{p:.2f}</td></tr>"
        for label, p in line["scores"].items()
    ]
    return _table("Score of each label", ("label", "score", ""), rows)


def _scale(line: Line) -> str:
    """The number between the ends of its range."""
    number, value = line["number"], line["value"]
    low, high = number["low"], number["high"]
    name = escape(number["name"])
    bar = ""
    if value is not None:
        # A meter fills from its lower end: as a share, a range may begin below zero.
        share = (value - low) / (high - low)
        bar = f'<meter min=0 max=1 value={share:.4f} aria-label="{name}"></meter>'
    shown = "" if value is None else f"{value:.4g}"
    row = (
        f'<tr><th scope=row>{name}</th><td class=n>{low:g}</td><td width="50%">{bar}</td>'
        f"<td>{high:g}</td><td class=n>{shown} {escape(number['unit'])}</td></tr>"
    )
    return _table("Number on its scale", ("number", "lowest", "", "highest", "value"), [row])


def streams(line: Line) -> str:
    """A row a stream: state, reason, reliability, age, coverage."""
    rows = []
    for name, shown in line["streams"].items():
        reliability = "" if shown["reliability"] is None else f"{shown['reliability']:.2f}"
        age = "" if shown["age_ms"] is None else f"{shown['age_ms']:.0f} ms"
        rows.append(
            f"<tr><th scope=row>{escape(name)}</th><td class={shown['state']}>{shown['state']}</td>"
            f"<td>{escape(_spoken(shown['reason'] or ''))}</td><td class=n>{reliability}</td>"
            f"<td class=n>{age}</td><td class=n>{shown['coverage']:.0%}</td></tr>"
        )
    return _table("Streams", ("stream", "state", "reason", "reliability", "age", "coverage"), rows)


def words(line: Line) -> str:
    """Each word with its confidence below it."""
    heard: Iterable[tuple[str, float]] = line["words"]
    return " ".join(f"<ruby>{escape(text)}<rt>{sure:.2f}</rt></ruby>" for text, sure in heard)


def events(history: History) -> str:
    """Changes of the streams, newest first."""
    return "".join(
        f"<li>{event.t_s:.1f} s: {escape(event.stream)} {escape(_spoken(event.text))}</li>"
        for event in reversed(history.events)
    )


def drops(counts: Mapping[str, Any]) -> str:
    """Lost packets by kind and cause."""
    if not counts:
        return "<p class=said>nothing</p>"
    rows = [
        f"<tr><th scope=row>{escape(what)}</th><td class=n>{count}</td></tr>"
        for what, count in sorted(counts.items())
    ]
    return _table("Lost packets", ("what", "count"), rows)


def _table(caption: str, head: Iterable[str], rows: Iterable[str]) -> str:
    columns = "".join(
        f"<th scope=col{' class=n' if name in NUMBERS else ''}>{name}</th>" for name in head
    )
    return (
        f'<table class=facts aria-label="{caption}"><thead><tr>{columns}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _spoken(reason: str) -> str:
    return reason.replace("_", " ")
