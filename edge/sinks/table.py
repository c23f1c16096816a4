"""The live table in a terminal: label, scores, state and reason of each stream, latency."""

from __future__ import annotations

import threading

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge.recognition.verdict import StreamVerdict, Verdict
from edge.types import STREAMS

REFRESH_HZ = 8
BAR = 24
_STYLE = {"used": "bold green", "dropped": "bold red", "absent": "dim"}


class LiveTable:
    """Shows the newest step. It is drawn by another thread; a slow terminal skips steps."""

    def __init__(self, console: Console) -> None:
        self._step: list[Verdict] = []
        self._lock = threading.Lock()
        self._live = Live(
            get_renderable=self._draw,
            console=console,
            refresh_per_second=REFRESH_HZ,
            transient=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._open = True
        self._live.start()

    def write(self, verdict: Verdict) -> None:
        """Keep the newest step's verdicts for the drawing thread."""
        with self._lock:
            same = bool(self._step) and self._step[0].seq == verdict.seq
            self._step = [*self._step, verdict] if same else [verdict]

    def close(self) -> None:
        """Draw once more and restore the terminal."""
        if self._open:
            self._open = False
            self._live.stop()

    def _draw(self) -> RenderableType:
        with self._lock:
            step = self._step
        if not step:
            return Text("listening ...", style="dim")
        return draw(step[0]) if step[0].person is None else draw_people(step)


def draw(verdict: Verdict) -> RenderableType:
    """One verdict as a rich renderable."""
    sure = "" if verdict.confidence is None else f"  confidence {verdict.confidence:.2f}"
    head = Text.assemble(
        (f" {verdict.answer} ", "dim reverse" if verdict.abstains else "bold reverse"),
        sure,
        (f"  #{verdict.seq}  {verdict.latency_ms['total']:.1f} ms", "dim"),
    )
    parts: list[RenderableType] = [head]
    if verdict.phase is not None:
        parts.append(Text(f"script: {verdict.phase['name']}", style="italic cyan"))
    streams = Table(box=None, pad_edge=False)
    for column in ("stream", "state", "reason", "reliability", "age", "coverage"):
        streams.add_column(column, justify="left", min_width=10)
    for name in STREAMS:
        corrected = name in (verdict.corrected or ())
        streams.add_row(*_row(name, verdict.streams[name], corrected))
    parts.append(streams)
    if verdict.faces is not None and verdict.faces > 1:
        parts.append(Text(f"{verdict.faces} faces; the nearest is tracked", style="dim"))
    bars = Table(box=None, pad_edge=False, show_header=False)
    given = verdict.labels or (verdict.label,)
    for label, p in verdict.scores.items():
        style = "bold" if label in given else "dim"
        bars.add_row(label, Text("█" * round(p * BAR), style=style), f"{p:.2f}")
    if verdict.number is not None and verdict.value is not None:
        low, high = verdict.number.low, verdict.number.high
        place = round((verdict.value - low) / (high - low) * BAR)
        bars.add_row(f"{low:g}", Text("─" * place + "█" + "─" * (BAR - place)), f"{high:g}")
    parts.append(bars)
    parts.append(Text(f"“{verdict.transcript[-100:]}”" if verdict.transcript else "", style="dim"))
    return Group(*parts)


def draw_people(step: list[Verdict]) -> RenderableType:
    """The verdicts of one step, a row a person."""
    latency_ms = max(verdict.latency_ms["total"] for verdict in step)
    head = Text(f"{len(step)} people  #{step[0].seq}  {latency_ms:.1f} ms", style="dim")
    people = Table(box=None, pad_edge=False)
    for column in ("person", "answer", "confidence", *STREAMS, "words"):
        people.add_column(column, justify="left")
    for verdict in step:
        sure = "" if verdict.confidence is None else f"{verdict.confidence:.2f}"
        streams = [
            Text(stream.reason or stream.state, style=_STYLE[stream.state])
            for stream in (verdict.streams[name] for name in STREAMS)
        ]
        answer = Text(verdict.answer, style="dim" if verdict.abstains else "bold")
        words = Text(verdict.transcript[-40:], style="dim")
        people.add_row(str(verdict.person), answer, sure, *streams, words)
    return Group(head, people)


def _row(name: str, stream: StreamVerdict, corrected: bool) -> tuple[RenderableType, ...]:
    return (
        name,
        Text(stream.state + (", corrected" if corrected else ""), style=_STYLE[stream.state]),
        stream.reason or "",
        "" if stream.reliability is None else f"{stream.reliability:.2f}",
        "" if stream.age_ms is None else f"{stream.age_ms:.0f} ms",
        f"{stream.coverage:.0%}",
    )
