"""A table of comma separated values: one row a verdict."""

from __future__ import annotations

import csv
from pathlib import Path

from edge.annotation.lines import Line
from edge.annotation.spans import MARK
from edge.annotation.verdicts import Verdicts
from edge.types import STREAMS


def write_table(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """UTF-8, a header, then a row a verdict; what there is not is an empty field."""
    rows = 0
    with path.open("x", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_header(verdicts))
        for moment in verdicts:
            if moment.line.unsure and not with_unsure:
                continue
            begin_ms, end_ms = moment.window_ms
            times = [f"{begin_ms / 1000:.3f}", f"{end_ms / 1000:.3f}"]
            table.writerow([*times, *_row(moment.line, verdicts.labels)])
            rows += 1
    return f"{rows} rows"


def _header(verdicts: Verdicts) -> list[str]:
    answer = {"label": ["label"], "labels": ["labels"], "number": ["value", "number", "unit"]}
    streams = [f"{name}_{what}" for name in STREAMS for what in ("state", "reliability", "reason")]
    probabilities = [f"p_{label}" for label in verdicts.labels]
    times = ["begin_s", "end_s", "seq", "wall_time"]
    answered = [*answer[verdicts.kind], "unsure", "confidence"]
    return [*times, *answered, *probabilities, *streams, "marks", "corrected"]


def _row(line: Line, labels: tuple[str, ...]) -> list[object]:
    answer: list[object] = [line.label]
    if line.number is not None:
        answer = [line.value, line.number.name, line.number.unit]
    elif line.kind == "labels":
        answer = ["|".join(line.labels or ())]
    streams: list[object] = []
    for name in STREAMS:
        stream = line.streams[name]
        streams += [stream.state, stream.reliability, stream.reason]
    probabilities = [line.scores.get(label) for label in labels]
    marks = "|".join(mark.text or MARK for mark in line.marks)
    answered = [*answer, int(line.unsure), line.confidence]
    return [line.seq, line.wall_time, *answered, *probabilities, *streams, marks, _corrected(line)]


def _corrected(line: Line) -> str | None:
    """Whether a correction for one person is on, and which streams it corrected."""
    if line.corrected is None:
        return None
    return "off" if line.corrected is False else "|".join(line.corrected) or "on"
