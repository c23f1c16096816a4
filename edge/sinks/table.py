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
    """Shows the newest verdict. It is drawn by another thread; a slow terminal skips verdicts."""

    def __init__(self, console: Console) -> None:
        self._verdict: Verdict | None = None
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
        """Keep the newest verdict for the drawing thread."""
        with self._lock:
            self._verdict = verdict

    def close(self) -> None:
        """Draw once more and restore the terminal."""
        if self._open:
            self._open = False
            self._live.stop()

    def _draw(self) -> RenderableType:
        with self._lock:
            verdict = self._verdict
        return Text("listening ...", style="dim") if verdict is None else draw(verdict)


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
        streams.add_row(*_row(name, verdict.streams[name]))
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


def _row(name: str, stream: StreamVerdict) -> tuple[RenderableType, ...]:
    return (
        name,
        Text(stream.state, style=_STYLE[stream.state]),
        stream.reason or "",
        "" if stream.reliability is None else f"{stream.reliability:.2f}",
        "" if stream.age_ms is None else f"{stream.age_ms:.0f} ms",
        f"{stream.coverage:.0%}",
    )
