"""What a user's own data is: a corpus of `extract`, recordings, a table, or a folder of clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from edge.errors import ConfigError, DataError, RecordingError
from edge.frontends import FrontEndParams
from edge.recording.session import SESSION_NAME, read_session
from train.corpora.recorded.corpus import CORPUS_NAME, RecordedCorpus, open_recorded
from train.corpora.recorded.samples import Sample, labels_of
from train.corpora.recorded.source_rows import folder_rows
from train.corpora.recorded.table import read_source
from train.stages.recorded.own_counts import (
    CONFIG,
    OwnInspection,
    add_contents,
    add_files,
    add_samples,
)
from train.task import Task

TABLES = (".csv", ".tsv")
OPTIONS = ("task", "person_from")


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
    add_contents(found, [corpus.path(view) for view in views], whole=True)
    given = {sample.recording for sample in corpus.samples if sample.words}
    found.streams["text"] = max(found.streams["text"], len(given))
    add_samples(found, corpus)
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
    add_contents(found, recordings, whole=False)
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
    add_files(found, table)
    spans = [(file, span) for file in table.files for span in file.spans]
    samples = tuple(
        Sample(f"{n}", f.shown, s.start_s, s.end_s, s.label, s.person, s.split, None)
        for n, (f, s) in enumerate(spans)
    )
    labels = tuple(sorted({one for s in samples for one in labels_of(s.label, table.task)}))
    add_samples(found, RecordedCorpus(path, path.name, table.task, labels, samples))
    if found.configs:
        more = f" --task {task}" if task else ""
        more += f" --person-from '{person_from}'" if person_from else ""
        extract = f"cdat-train extract {path} --out corpus{more}"
        found.commands = [extract, f"cdat-train all {CONFIG} --data corpus"]
    else:
        found.commands = [f"cdat-train adapt default {path} --out adapted"]
    return found
