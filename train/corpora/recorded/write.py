"""Writes the tables of a corpus, whose recordings exist."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.frontends import FrontEndParams
from edge.types import NS_PER_S
from train.corpora.recorded.corpus import (
    CORPUS_NAME,
    LEFT_OUT_NAME,
    SAMPLE_COLUMNS,
    SAMPLES_NAME,
    SCHEMA_VERSION,
    WORD_COLUMNS,
    WORDS_NAME,
    CorpusHeader,
)
from train.corpora.recorded.record import Facts, Job, views_of
from train.corpora.recorded.samples import labels_of
from train.corpora.recorded.source_rows import Span
from train.corpora.recorded.table import SourceFile
from train.corpora.recorded.views import VIEWS_NAME, write_views
from train.task import Task

TAIL_S = 0.5
"""A sample may end this much after the last packet of its file: tables are rounded."""
BEYOND = "a sample of it lies beyond its end"

LeftOut = tuple[str, str]
"""The file as shown, and the reason."""


@dataclass(frozen=True)
class KeptFile:
    """A file with its recordings."""

    source: SourceFile
    job: Job
    facts: Facts


@dataclass(frozen=True)
class KeptSample:
    """A row of `samples.csv`."""

    id: str
    file: KeptFile
    span: Span
    end_s: float | None


def samples_of(kept: Iterable[KeptFile]) -> tuple[list[KeptSample], list[LeftOut]]:
    """The samples of all files, and those that lie beyond the end of their file."""
    samples: list[KeptSample] = []
    left_out: list[LeftOut] = []
    for file in kept:
        several = len(file.source.spans) > 1
        until_s = file.facts.duration_s
        for number, span in enumerate(file.source.spans, 1):
            if span.start_s >= until_s or (span.end_s or 0.0) > until_s + TAIL_S:
                end = f"{span.end_s:g}" if span.end_s is not None else ""
                left_out.append((f"{file.source.shown} [{span.start_s:g}-{end} s]", BEYOND))
                continue
            # The words of a transcript are spread over a known span.
            end_s = until_s if span.transcript and span.end_s is None else span.end_s
            name = f"{file.job.name}:{number}" if several else file.job.name
            samples.append(KeptSample(name, file, span, end_s))
    return samples, left_out


def write_corpus(
    out: Path,
    task: Task,
    kept: Sequence[KeptFile],
    samples: Sequence[KeptSample],
    left_out: Sequence[LeftOut],
    engine: str,
    seed: int,
) -> None:
    """Write every table, each at once; `corpus.json`, without which there is no corpus, last.

    Raises:
        OSError: The folder cannot be written. The tables of an earlier call may remain.
    """
    header = CorpusHeader(
        schema_version=SCHEMA_VERSION,
        name=out.resolve().name,
        task=task,
        labels=tuple(sorted({one for s in samples for one in labels_of(s.span.label, task)})),
        frontend_digest=FrontEndParams().digest(),
        asr=engine if any(file.source.needs_asr for file in kept) else "none",
        seed=seed,
    )
    _write_table(out / SAMPLES_NAME, SAMPLE_COLUMNS, map(_sample_row, samples))
    words = [
        (file.job.name, word.start_ns / NS_PER_S, word.end_ns / NS_PER_S, word.text)
        for file in kept
        for word in file.source.words or ()
    ]
    _write_table(out / WORDS_NAME, WORD_COLUMNS, words)
    _write_table(out / LEFT_OUT_NAME, ("file", "reason"), left_out)
    used = {sample.file.job.name for sample in samples}
    views = [v for f in kept if f.job.name in used for v in views_of(f.job, f.facts)]
    write_views(out / VIEWS_NAME, views)
    _write(out / CORPUS_NAME, header.model_dump_json(indent=1) + "\n")


def _sample_row(sample: KeptSample) -> tuple[object, ...]:
    span = sample.span
    return (
        sample.id,
        sample.file.job.name,
        span.start_s,
        "" if sample.end_s is None else sample.end_s,
        span.label or "",
        span.person,
        span.split or "",
        span.transcript,
    )


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    _write(path, text.getvalue())


def _write(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader never sees half of it."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, "utf-8", newline="")
    unfinished.replace(path)
