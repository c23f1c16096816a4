"""A label track of Audacity: begin, end and label, separated by tabs."""

from __future__ import annotations

from pathlib import Path

from edge.annotation.spans import spans_of
from edge.annotation.verdicts import Verdicts


def write_labels(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """Times in seconds. Labels that are given together overlap, as Audacity allows."""
    found = spans_of(verdicts, with_unsure)
    spans = found.codes()
    labels = [(span.begin_ms, span.end_ms, span.text) for span in spans]
    # A point label: it ends where it begins.
    labels += [(mark.t_ms, mark.t_ms, f"mark: {mark.text}") for mark in found.marks]
    with path.open("x", encoding="utf-8", newline="\n") as file:
        for begin_ms, end_ms, text in sorted(labels, key=lambda label: label[:2]):
            file.write(f"{begin_ms / 1000:.6f}\t{end_ms / 1000:.6f}\t{text}\n")
    return f"{len(labels)} labels"
