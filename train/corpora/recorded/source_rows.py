"""The rows of a source: of a folder of labels, or of a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from train.corpora.recorded.rows import number, read_rows
from train.corpora.recorded.subtitles import SUFFIXES

COLUMNS = ("file", "start", "end", "label", "person", "split", "transcript")
REQUIRED = ("file",)

PersonOf = Callable[[str], str]
"""The person of a file, by its path as shown."""


@dataclass(frozen=True)
class Span:
    """One row of the table: a sample whose recording does not exist yet."""

    start_s: float
    end_s: float | None
    label: str | None
    person: str
    split: str | None
    transcript: str


Row = tuple[Path, str, Span]
"""The file, its path as shown, and the span."""


def folder_rows(source: Path, person_of: PersonOf, unlabelled: bool = False) -> list[Row]:
    """A row for each file in the subfolders of `source`, which are named after the labels.

    Args:
        unlabelled: Also take the files of `source` itself, which have no label.
    """
    rows = []
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or not path.is_file() or path.suffix.lower() in SUFFIXES:
            continue
        label = place.parts[0] if len(place.parts) > 1 else None
        if label is None and not unlabelled:
            continue
        shown = place.as_posix()
        rows.append((path, shown, Span(0.0, None, label, person_of(shown), None, "")))
    return rows


def table_rows(source: Path, person_of: PersonOf) -> list[Row]:
    """The rows of a .csv or .tsv file. Raises: DataError, naming the line."""
    rows = []
    names: dict[Path, str] = {}
    for line, row in read_rows(source, COLUMNS, REQUIRED):
        where = f"{source}, line {line}"
        if not row["file"]:
            raise DataError(f"{where}: file is empty.")
        # "./a.mp4", "b/../a.mp4" and a link to it are one file, and one person without a name.
        one = (source.parent / row["file"]).resolve()
        shown = names.setdefault(one, Path(row["file"]).as_posix())
        span = Span(
            number(row["start"], f"{where}: start") if row["start"] else 0.0,
            number(row["end"], f"{where}: end") if row["end"] else None,
            row["label"] or None,
            row["person"] or person_of(shown),
            row["split"] or None,
            row["transcript"],
        )
        rows.append((source.parent / shown, shown, span))
    return rows


def person_rule(pattern: str | None) -> PersonOf:
    """`--person-from`, or each file a person of its own. Raises: DataError."""
    if pattern is None:
        return lambda shown: shown
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"--person-from '{pattern}' is not a regular expression: {error}."
        ) from None
    if compiled.groups != 1:
        raise DataError(
            f"--person-from '{pattern}' has {compiled.groups} groups: give it one group, around the"
            " part of the path that names the person."
        )

    def person_of(shown: str) -> str:
        found = compiled.search(shown)
        if found is None or not found[1]:
            raise DataError(
                f"--person-from '{pattern}' finds no person in {shown}: it must fit every file."
            )
        return str(found[1])

    return person_of
