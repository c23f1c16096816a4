"""What the user gives: a folder whose subfolders are labels, or a table of files and spans.

A wrong table is refused before anything is extracted. A wrong file is left out, and counted.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from edge.types import Word
from train.corpora.recorded.rows import number, read_rows
from train.corpora.recorded.samples import MAX_LABELS, SEPARATOR, Sample, check_samples, labels_of
from train.corpora.recorded.subtitles import SUFFIXES, read_subtitles, subtitles_of
from train.task import Task

COLUMNS = ("file", "start", "end", "label", "person", "split", "transcript")
REQUIRED = ("file",)

PersonOf = Callable[[str], str]


@dataclass(frozen=True)
class Span:
    """One row of the table: a sample whose recording does not exist yet."""

    start_s: float
    end_s: float | None
    label: str | None
    person: str
    split: str | None
    transcript: str


@dataclass(frozen=True)
class SourceFile:
    """A file and the samples that are cut from it.

    Attributes:
        shown: Its path as the user knows it: relative to the folder, or as in the table.
        words: From subtitles; None without them.
    """

    path: Path
    shown: str
    spans: tuple[Span, ...]
    words: tuple[Word, ...] | None

    @property
    def needs_asr(self) -> bool:
        """Whether a sample has no words but those that speech-to-text recognises."""
        return self.words is None and not all(span.transcript for span in self.spans)


@dataclass(frozen=True)
class Table:
    """A checked source. `left_out` has (file, reason) for each file that is not there."""

    task: Task
    files: tuple[SourceFile, ...]
    left_out: tuple[tuple[str, str], ...]


def read_source(source: Path, task: Task | None = None, person_from: str | None = None) -> Table:
    """Read a folder of labels, or a table (.csv or .tsv).

    Args:
        task: None: labels where a label has a "|", else classes.
        person_from: A regular expression with one group, searched in a file's path: the person,
            where the table has none. None: every file has a person of its own.

    Raises:
        DataError: The source is missing or empty, or a row breaks a rule (`check_samples`).
    """
    person_of = _person_rule(person_from)
    if source.is_dir():
        rows = _folder_rows(source, person_of)
        if not rows:
            raise DataError(
                f"{source} has no files in subfolders: name a subfolder after each label, such as"
                f" {source / 'happy'}, and put its files there."
            )
    elif source.suffix.lower() in (".csv", ".tsv"):
        rows = _table_rows(source, person_of)
    else:
        raise DataError(f"{source} is not a folder, and not a table named .csv or .tsv.")
    written = [span.label for _, _, span in rows if span.label is not None]
    if task is None:
        task = _task_of(written, source)
    samples = [_sample(row, shown, span) for row, (_, shown, span) in enumerate(rows, 1)]
    labels = sorted({one for sample in samples for one in labels_of(sample.label, task)})
    if len(labels) > MAX_LABELS:
        raise DataError(
            f"{source} has {len(labels)} labels, and {MAX_LABELS} are possible: merge some, or for"
            " numbers give --task regression."
        )
    check_samples(samples, task, labels, str(source))
    return _grouped(rows, task)


def _task_of(written: list[str], source: Path) -> Task:
    """The task that the labels show: any number of them, or one each.

    Raises:
        DataError: Some are numbers and some are names.
    """
    if any(SEPARATOR in label for label in written):
        return "labels"
    numbers = [label for label in written if _is_number(label)]
    names = [label for label in written if not _is_number(label)]
    if numbers and names:
        raise DataError(
            f"{source}: the label '{names[0]}' is a name and '{numbers[0]}' is a number: use one"
            " kind, or give --task classes if all of them are names."
        )
    return "classes"


def _is_number(label: str) -> bool:
    try:
        return math.isfinite(float(label))
    except ValueError:
        return False


Row = tuple[Path, str, Span]
"""The file, its path as shown, and the span."""


def _folder_rows(source: Path, person_of: PersonOf) -> list[Row]:
    rows = []
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or len(place.parts) < 2 or not path.is_file() or path.suffix.lower() in SUFFIXES:
            continue
        shown = place.as_posix()
        rows.append((path, shown, Span(0.0, None, place.parts[0], person_of(shown), None, "")))
    return rows


def _table_rows(source: Path, person_of: PersonOf) -> list[Row]:
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


def _person_rule(pattern: str | None) -> PersonOf:
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


def _sample(row: int, shown: str, span: Span) -> Sample:
    """A sample for the check alone: its id is what a message shows."""
    return Sample(
        f"sample {row} ({shown})",
        shown,
        span.start_s,
        span.end_s,
        span.label,
        span.person,
        span.split,
        None,
    )


def _unusable(path: Path) -> str | None:
    """Why a file cannot even be opened, or None."""
    try:
        str(path).encode()
    except UnicodeEncodeError:  # bytes of an older encoding
        return "its name is not UTF-8 text"
    if path.is_file():
        return None
    return "it is not a regular file" if path.exists() else "it does not exist"


def _grouped(rows: list[Row], task: Task) -> Table:
    spans: dict[Path, list[Span]] = defaultdict(list)
    names: dict[Path, str] = {}
    missing: dict[str, str] = {}
    for path, shown, span in rows:
        if (reason := _unusable(path)) is not None:
            missing[shown.encode("utf-8", "replace").decode()] = reason
            continue
        one = path.resolve()
        spans[one].append(span)
        names.setdefault(one, shown)
    files = []
    for path, several in spans.items():
        beside = subtitles_of(path)
        words = None if beside is None else read_subtitles(beside)
        files.append(SourceFile(path, names[path], tuple(several), words))
    return Table(task, tuple(files), tuple(missing.items()))
