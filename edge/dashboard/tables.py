"""The page's tables and lines as HTML. All external text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from edge.annotation.look import PEOPLE_SAY
from edge.dashboard.charts import label_colour
from edge.dashboard.history import NONE, History, Line, shown_label
from edge.recognition.verdict import shown_answer
from edge.types import STREAMS

UNSURE = "unsure"
AWAITED = "The first answer is awaited: there is too little yet."
NUMBERS = {"reliability", "age", "coverage", "count", "lowest", "value"}


def answer(line: Line) -> str:
    """The answer in large type, with its confidence; "unsure" without one where it abstains."""
    if abstains(line):
        name = f"{escape(line['number']['name'])}: " if "number" in line else ""
        return f"<span class=unsure>{name}{UNSURE}</span>"
    label, sure = escape(shown_answer(line)), line["confidence"]
    swatch = "" if "number" in line else _swatch(shown_label(line), tuple(line["scores"]))
    return f"{swatch}{label}" + ("" if sure is None else f" <small>{sure:.2f}</small>")


def abstains(line: Line) -> bool:
    """Whether the verdict gives no answer."""
    given: object = line["value"] if "number" in line else shown_label(line)
    return given is None


def chips(line: Line) -> str:
    """A chip a stream, the camera's first: on, or off and why."""
    shown = []
    for name in reversed(STREAMS):
        stream = line["streams"][name]
        used, reason = stream["state"] == "used", stream["reason"]
        kind = "on" if used else "wrong" if reason not in (None, "starting", "off") else "idle"
        said = ("on" if used else "off") + (f", {_spoken(reason)}" if reason else "")
        if _waits(stream):
            said = "on, too little yet"
        elif used and reason:
            said += " now"
        shown.append(f"<li class=chip-{kind}>{PEOPLE_SAY[name]}: {escape(said)}</li>")
    return "".join(shown)


def _waits(stream: Mapping[str, Any]) -> bool:
    """Whether a stream is used, and has too little for a label (`window.min_share`)."""
    return bool(stream["state"] == "used" and stream["reason"] == "starting")


def is_dropped(line: Line, stream: str) -> bool:
    """Whether something is wrong with a stream."""
    return bool(line["streams"][stream]["state"] == "dropped")


def legend(history: History) -> str:
    """The colours of the answers so far."""
    if history.number is not None:
        return ""
    seen = {stretch.value[0] for stretch in history.answers.stretches}
    order = [*history.labels, NONE, None]
    return "".join(
        f"<li>{_swatch(label, history.labels)}{escape(label or UNSURE)}</li>"
        for label in order
        if label in seen
    )


def _swatch(label: str | None, labels: tuple[str, ...]) -> str:
    return f'<span class=swatch style="background:{label_colour(label, labels)}"></span>'


def said(line: Line, ended: bool, leaves: bool = False, several: bool = False) -> str:
    """One sentence for screen readers. It changes only with the use of the streams."""
    if ended:
        return over(leaves)
    out = [
        f"{name} is not used{': ' + shown['reason'] if shown['reason'] else ''}"
        for name, shown in line["streams"].items()
        if shown["state"] == "dropped"
    ]
    phase = line.get("phase")
    script = f" (script: {phase['name']})" if phase else ""
    who = ""
    if several and line.get("person"):
        who = f"Here, in the timeline and in the words: person {line['person']}. "
    elif (line["faces"] or 0) > 1 and "person" not in line:
        who = f"{line['faces']} faces; the nearest is tracked. "
    waits = any(_waits(stream) for stream in line["streams"].values())
    awaited = f" {AWAITED}" if waits and abstains(line) else ""
    used = _spoken("; ".join(out)) or "All streams are used"
    return escape(f"{who}{used}{script}.{awaited}")


def over(leaves: bool) -> str:
    """One sentence after the end of the run; `leaves`: of the program, too."""
    more = " The program has ended, too: what is shown stays." if leaves else ""
    return f"The run has ended.{more}"


def away(person: int) -> str:
    """One sentence when the chosen person is not there. Their timeline stays."""
    return f"Here and in the timeline: person {person}, who is not in the picture."


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
        age = "" if shown["age_ms"] is None else _duration(shown["age_ms"])
        rows.append(
            f"<tr><th scope=row>{escape(name)}</th><td class={shown['state']}>{shown['state']}"
            f"{', corrected' if name in (line.get('corrected') or ()) else ''}</td>"
            f"<td>{escape(_spoken(shown['reason'] or ''))}</td><td class=n>{reliability}</td>"
            f"<td class=n>{age}</td><td class=n>{shown['coverage']:.0%}</td></tr>"
        )
    head = ("stream", "state", "reason", "reliability", "age", "coverage")
    on = "off" if line.get("corrected") in (None, False) else "on"
    correction = f"<p class=correction>Correction for one person: {on}</p>"
    return _table("Streams", head, rows) + correction


def words(line: Line) -> str:
    """Each word with its confidence below it. One that may be revised is in italics, without."""
    if "words" not in line:  # of an earlier time: only the text is kept
        return escape(line["transcript"])
    heard: Iterable[tuple[str, float, bool]] = line["words"]
    return " ".join(
        f"<ruby>{escape(text)}<rt>{sure:.2f}</rt></ruby>"
        if final
        else f"<ruby><em>{escape(text)}</em><rt></rt></ruby>"
        for text, sure, final in heard
    )


def events(history: History) -> str:
    """Changes of the streams and what else happened in the run, newest first."""
    return "".join(
        f"<li{' class=happened' if event.name else ''}>{history.wall.when(event.t_s)}:"
        f" {escape(event.text if event.name else f'{event.stream} {_spoken(event.text)}')}</li>"
        for event in reversed(history.all_events())
    )


JSON_LINES = '<a href="/verdicts.jsonl" download="verdicts.jsonl">JSON lines</a>'
FORMER_DOWNLOADS = "The run before: " + "".join(
    f'<a href="/former/verdicts.{kind}" download="former-verdicts.{kind}">{text}</a>'
    for kind, text in (("csv", "Table (CSV)"), ("jsonl", "JSON lines"))
)
"""Never written again: a link that is replaced loses the focus, and the click on it."""


def kept(count: int, seen: int, ended: bool, several: bool = False) -> str:
    """How many verdicts can be downloaded, or steps with everyone's."""
    some = f"the newest {count:,} of {seen:,}" if count < seen else f"all {count:,}"
    return f"{some} {'steps' if several else 'verdicts'}{'' if ended else ' so far'}"


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
        f"<th scope=col{' class=n' if name in NUMBERS else ''}>{name}</th>" if name else "<td></td>"
        for name in head
    )
    return (
        f'<table class=facts aria-label="{caption}"><thead><tr>{columns}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _duration(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _spoken(reason: str) -> str:
    return "by hand" if reason == "off" else reason.replace("_", " ")
