"""What `cdat-train inspect` counts in a user's own data: files, streams, samples and labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.clock import MonotonicClock
from edge.errors import DataError, RecordingError, SourceError
from edge.sources.file import MediaFile
from edge.types import STREAMS
from train.corpora.recorded.contents import Contents, contents_of
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.persons import Persons, persons_of
from train.corpora.recorded.samples import MAX_LABELS, labels_of
from train.corpora.recorded.summary import NO_LABEL, UNCUT
from train.corpora.recorded.table import Table
from train.stages.recorded.config import Shares
from train.stages.recorded.splits import split_samples

CONFIG = "configs/train/own.yaml"


@dataclass
class OwnInspection:
    """Everything that `cdat-train inspect` reports of a user's own data."""

    path: str
    format: str
    """corpus, recordings, table or folder."""
    says: str
    task: str = ""
    files: int = 0
    minutes: float = 0.0
    """Of the files, as far as they state it; without views."""
    streams: dict[str, int] = field(default_factory=dict)
    """Files with each stream. Text: with words, where they are known already."""
    samples: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    """By label, then by split: number of samples; empty for regression."""
    range: list[float] = field(default_factory=list)
    """Of regression: smallest and largest."""
    persons: Persons | None = None
    unlabelled: dict[str, dict[str, int]] = field(default_factory=dict)
    """Samples without a label, by "split" and by "person"; empty where all have one. Those for
    training are what a transfer may use besides."""
    faults: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        persons = None if self.persons is None else self.persons.model_dump()
        return {**vars(self), "persons": persons}


def add_files(found: OwnInspection, table: Table) -> None:
    """What the files contain, by their first packets; nothing more is decoded."""
    streams: Counter[str] = Counter()
    seconds = 0.0
    found.faults += [f"{shown}: {reason}." for shown, reason in table.left_out]
    for file in table.files:
        media = MediaFile(file.path, MonotonicClock())
        try:
            media.open()
        except SourceError as error:
            found.faults.append(str(error))
            continue
        finally:
            media.close()
        streams.update(media.streams)
        streams["text"] += not file.needs_asr
        seconds += media.duration_s or 0.0
    found.files = len(table.files)
    found.minutes = round(seconds / 60, 2)
    if streams:
        found.streams = {name: streams[name] for name in STREAMS}


def add_contents(found: OwnInspection, recordings: Iterable[Path], whole: bool) -> None:
    """`whole`: a recording that ended before its file is a fault."""
    contents: list[Contents] = []
    for one in recordings:
        try:
            contents.append(contents_of(one))
        except RecordingError as error:
            found.faults.append(str(error))
            continue
        if not contents[-1].seconds:
            found.faults.append(f"{one} has no complete step: it cannot be replayed.")
        elif whole and not contents[-1].ended:
            found.faults.append(f"{one} ended before its file: extract the corpus again.")
    found.files = len(contents)
    found.minutes = round(sum(one.seconds for one in contents) / 60, 2)
    found.streams = {name: sum(name in one.streams for one in contents) for name in STREAMS}


def add_samples(found: OwnInspection, corpus: RecordedCorpus) -> None:
    """Counts, and whether own.yaml can train on them; without a label there is no such question."""
    samples, task = corpus.samples, corpus.task
    found.task, found.samples = task, len(samples)
    found.splits = dict(Counter(sample.split or UNCUT for sample in samples))
    found.persons = persons_of(samples, task)
    labelled = [sample for sample in samples if sample.label is not None]
    if without := [sample for sample in samples if sample.label is None]:
        found.unlabelled = {
            "split": dict(Counter(sample.split or UNCUT for sample in without)),
            "person": dict(Counter(sample.person for sample in without)),
        }
    if task == "regression":
        values = [float(sample.label or 0) for sample in labelled]
        found.range = [min(values), max(values)] if values else []
    else:
        labels: dict[str, Counter[str]] = defaultdict(Counter)
        for sample in samples:
            for label in labels_of(sample.label, task) or (NO_LABEL,):
                labels[label][sample.split or UNCUT] += 1
        found.labels = {label: dict(by_split) for label, by_split in sorted(labels.items())}
    if not labelled:
        return
    found.configs = [CONFIG]
    if task != "regression" and not 2 <= len(corpus.labels) <= MAX_LABELS:
        found.faults.append(
            f"{corpus.folder} has {len(corpus.labels)} labels: 2 to {MAX_LABELS} are possible."
        )
        return
    try:
        split_samples(corpus, Shares(), 1)
    except DataError as error:
        found.faults.append(str(error))
