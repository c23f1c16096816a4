"""A document of ELAN (.eaf): a tier for the emotion, one a label, one a stream with its drops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.annotation.spans import Point, Span, Track, spans_of
from edge.annotation.verdicts import Verdicts
from edge.errors import DOCTOR, SinkError

EMOTION, MARKS = "emotion", "marks"
MARK_MS = 200
"""An annotation of ELAN has a length: long enough to be seen and clicked."""


def write_elan(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """Tiers `emotion` (of a number `emotion: NAME`), `emotion: LABEL` for each of several labels,
    `text dropped`, `audio dropped`, `vision dropped`, whose values are the reasons, and `marks`.

    Raises:
        SinkError: pympi is not installed.
    """
    try:
        from pympi import Eaf
    except ImportError:
        raise SinkError(
            f"--to elan needs pympi-ling: run `pip install 'cdat-edge[annotation]'`; {DOCTOR}."
        ) from None
    spans = spans_of(verdicts, with_unsure)
    tiers = {f"{EMOTION}: {verdicts.number.name}" if verdicts.number else EMOTION: spans.answers}
    tiers |= {f"{EMOTION}: {label}": track for label, track in spans.by_label.items()}
    tiers |= {f"{name} dropped": track for name, track in spans.drops.items()}
    if spans.marks:
        tiers[MARKS] = _apart(spans.marks)
    document = Eaf(author="cdat-edge")
    for tier, track in tiers.items():
        document.add_tier(tier)
        for span in track:
            document.add_annotation(tier, span.begin_ms, span.end_ms, span.text)
    document.remove_tier("default")
    document.to_file(str(path))
    return f"{sum(map(len, tiers.values()))} annotations on {len(tiers)} tiers"


def _apart(marks: Sequence[Point]) -> Track:
    """Annotations that begin at the marks and do not overlap: no tier allows it."""
    track = Track()
    for mark in marks:
        last = track[-1] if track else None
        if last is not None and mark.t_ms <= last.begin_ms:
            last.text += f"; {mark.text}"
            continue
        if last is not None:
            last.end_ms = min(last.end_ms, mark.t_ms)
        track.append(Span(mark.t_ms, mark.t_ms + MARK_MS, mark.text))
    return track
