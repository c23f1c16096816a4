"""What a user's own data is: a corpus of `extract`, recordings, a table, or a folder of clips."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from edge.clock import MonotonicClock
from edge.errors import ConfigError, DataError, RecordingError, SourceError
from edge.frontends import FrontEndParams
from edge.recording.session import SESSION_NAME, read_session
from edge.sources.file import MediaFile
from edge.types import STREAMS
from train.corpora.recorded.contents import Contents, contents_of
from train.corpora.recorded.corpus import CORPUS_NAME, RecordedCorpus, open_recorded
from train.corpora.recorded.persons import Persons, persons_of
from train.corpora.recorded.samples import MAX_LABELS, Sample, labels_of
from train.corpora.recorded.source_rows import folder_rows
from train.corpora.recorded.summary import NO_LABEL, UNCUT
from train.corpora.recorded.table import Table, read_source
from train.stages.recorded.config import Shares
from train.stages.recorded.splits import split_samples
from train.task import Task

CONFIG = "configs/train/own.yaml"
TABLES = (".csv", ".tsv")
OPTIONS = ("task", "person_from")


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
    faults: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        persons = None if self.persons is None else self.persons.model_dump()
        return {**vars(self), "persons": persons}


def inspect_own(path: Path, options: dict[str, Any]) -> OwnInspection | None:
    """A corpus, recordings or a table; None if it is neither. `options`: of `inspect_clips`."""
    if (path / CORPUS_NAME).is_file():
        return _of_corpus(path)
    recordings = [path] if (path / SESSION_NAME).is_file() else []
    if not recordings and path.is_dir():
        recordings = [one for one in sorted(path.iterdir()) if (one / SESSION_NAME).is_file()]
    if recordings:
        return _of_recordings(path, recordings)
    if path.is_file() and path.suffix.lower() in TABLES:
        found = OwnInspection(str(path), "table", "a table of media files")
        return _of_files(found, path, options)
    return None


def inspect_clips(path: Path, options: dict[str, Any]) -> OwnInspection | None:
    """A folder of media files, with or without label folders; None if it has none.

    Args:
        options: `task` and `person_from`, as of `cdat-train extract`.

    Raises:
        ConfigError: Another option.
    """
    if not path.is_dir():
        return None
    says = "a folder of media files in label folders"
    if not folder_rows(path, lambda shown: shown):
        says = "a folder of media files without labels"
    found = _of_files(OwnInspection(str(path), "folder", says), path, options)
    return found if found.streams else None


def _of_corpus(path: Path) -> OwnInspection:
    found = OwnInspection(str(path), "corpus", "a corpus of cdat-train extract")
    try:
        corpus = open_recorded(path)
    except DataError as error:
        found.faults.append(str(error))
        return found
    views = [corpus.views.get(name, ())[0] for name in sorted(corpus.views)]
    _add_contents(found, [corpus.path(view) for view in views], whole=True)
    given = {sample.recording for sample in corpus.samples if sample.words}
    found.streams["text"] = max(found.streams["text"], len(given))
    _add_samples(found, corpus)
    found.commands = [f"cdat-train all {CONFIG} --data {path}"] if found.configs else []
    found.commands.append(f"cdat-train evaluate BUNDLE {path}")
    return found


def _of_recordings(path: Path, recordings: Sequence[Path]) -> OwnInspection:
    found = OwnInspection(str(path), "recordings", "recordings of cdat-edge run --record")
    ours = FrontEndParams().digest()
    for one in recordings:
        try:
            session = read_session(one)
        except RecordingError as error:
            found.faults.append(str(error))
            continue
        if session.content == "features" and session.frontend_digest != ours:
            found.faults.append(f"{one} is of another release's front ends: record it again.")
        if session.content == "features" and session.people != "nearest":
            found.faults.append(
                f"{one} has the faces of several people: record it without --people."
            )
    _add_contents(found, recordings, whole=False)
    found.commands = [
        f"cdat-train evaluate default {path}",
        f"cdat-train adapt default {path} --out adapted",
    ]
    return found


def _of_files(found: OwnInspection, path: Path, options: dict[str, Any]) -> OwnInspection:
    if other := sorted(set(options) - set(OPTIONS)):
        raise ConfigError(
            f"--set {other[0]} is no option of your own files: {' and '.join(OPTIONS)} are."
        )
    task, person_from = options.get("task"), options.get("person_from")
    if task is not None and task not in get_args(Task):
        raise ConfigError(f"--set task={task}: choose one of {', '.join(get_args(Task))}.")
    flat = path.is_dir() and not folder_rows(path, lambda shown: shown)
    try:
        table = read_source(path, task, person_from, unlabelled=flat)
    except DataError as error:
        found.faults.append(str(error))
        return found
    _add_files(found, table)
    spans = [(file, span) for file in table.files for span in file.spans]
    samples = tuple(
        Sample(f"{n}", f.shown, s.start_s, s.end_s, s.label, s.person, s.split, None)
        for n, (f, s) in enumerate(spans)
    )
    labels = tuple(sorted({one for s in samples for one in labels_of(s.label, table.task)}))
    _add_samples(found, RecordedCorpus(path, path.name, table.task, labels, samples))
    if found.configs:
        more = f" --task {task}" if task else ""
        more += f" --person-from '{person_from}'" if person_from else ""
        extract = f"cdat-train extract {path} --out corpus{more}"
        found.commands = [extract, f"cdat-train all {CONFIG} --data corpus"]
    else:
        found.commands = [f"cdat-train adapt default {path} --out adapted"]
    return found


def _add_files(found: OwnInspection, table: Table) -> None:
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


def _add_contents(found: OwnInspection, recordings: Iterable[Path], whole: bool) -> None:
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


def _add_samples(found: OwnInspection, corpus: RecordedCorpus) -> None:
    """Counts, and whether own.yaml can train on them; without a label there is no such question."""
    samples, task = corpus.samples, corpus.task
    found.task, found.samples = task, len(samples)
    found.splits = dict(Counter(sample.split or UNCUT for sample in samples))
    found.persons = persons_of(samples, task)
    labelled = [sample for sample in samples if sample.label is not None]
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
