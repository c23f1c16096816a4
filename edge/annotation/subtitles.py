"""WebVTT subtitles: one cue a span, with its mean confidence."""

from __future__ import annotations

from html import escape
from pathlib import Path

from edge.annotation.spans import Span, spans_of
from edge.annotation.verdicts import Verdicts


def write_subtitles(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """Cues such as `happy (0.82)`, `joy, surprise (0.7)` or `mood: 1.2 points (0.6)`."""
    spans = spans_of(verdicts, with_unsure).answers
    name = f"{verdicts.number.name}: " if verdicts.number else ""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write("WEBVTT\n")
        for span in spans:
            times = f"{_clock(span.begin_ms)} --> {_clock(span.end_ms)}"
            file.write(f"\n{times}\n{escape(_shown(span, name), quote=False)}\n")
    return f"{len(spans)} subtitles"


def _shown(span: Span, name: str) -> str:
    if span.unsure:
        return span.text
    sure = "" if span.confidence is None else f" ({span.confidence:.2f})"
    return f"{name}{span.text}{sure}"


def _clock(time_ms: int) -> str:
    seconds, rest_ms = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{rest_ms:03}"
