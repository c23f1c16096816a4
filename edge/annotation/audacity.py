"""A label track of Audacity: begin, end and label, separated by tabs."""

from __future__ import annotations

from pathlib import Path

from edge.annotation.spans import spans_of
from edge.annotation.verdicts import Verdicts


def write_labels(verdicts: Verdicts, with_unsure: bool, path: Path) -> str:
    """Times in seconds. Labels that are given together overlap, as Audacity allows."""
    spans = spans_of(verdicts, with_unsure).codes()
    with path.open("x", encoding="utf-8", newline="\n") as file:
        for span in spans:
            file.write(f"{span.begin_ms / 1000:.6f}\t{span.end_ms / 1000:.6f}\t{span.text}\n")
    return f"{len(spans)} labels"
