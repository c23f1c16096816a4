"""What the user gives: a folder whose subfolders are labels, or a table of files and spans.

A wrong table is refused before anything is extracted. A wrong file is left out, and counted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from edge.types import Word
from train.corpora.recorded.samples import MAX_LABELS, SEPARATOR, Sample, check_samples, labels_of
from train.corpora.recorded.source_rows import Row, Span, folder_rows, person_rule, table_rows
from train.corpora.recorded.subtitles import read_subtitles, subtitles_of
from train.task import Task


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


def read_source(
    source: Path,
    task: Task | None = None,
    person_from: str | None = None,
    unlabelled: bool = False,
) -> Table:
    """Read a folder of labels, or a table (.csv or .tsv).

    Args:
        task: None: labels where a label has a "|", else classes.
        person_from: A regular expression with one group, searched in a file's path: the person,
            where the table has none. None: every file has a person of its own.
        unlabelled: Of a folder, also take the files that are in no subfolder, without a label.

    Raises:
        DataError: The source is missing or empty, or a row breaks a rule (`check_samples`).
    """
    person_of = person_rule(person_from)
    if source.is_dir():
        rows = folder_rows(source, person_of, unlabelled)
        if not rows and unlabelled:
            raise DataError(
                f"{source} has no recordings and no files: give a folder that has some."
            )
        if not rows:
            raise DataError(
                f"{source} has no files in subfolders: name a subfolder after each label, such as"
                f" {source / 'happy'}, and put its files there."
            )
    elif source.suffix.lower() in (".csv", ".tsv"):
        rows = table_rows(source, person_of)
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
