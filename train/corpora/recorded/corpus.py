"""A recorded corpus on disk, and its reader.

    corpus.json     name, task, labels, digest of the front ends, speech-to-text, seed
    samples.csv     id,recording,start_s,end_s,label,person,split,transcript
    words.csv       recording,start_s,end_s,word: words with times of their own, from subtitles
    views.json      {recording: [{"view": 1, "vision": {"fault", "severity"} | null, "audio": ...}]}
    left_out.csv    file,reason
    recordings/NAME/    what the live front ends gave for one file (docs/replay.md)
    recordings/NAME.1/  the same file with faults on picture and sound; .2, .3, ...

words.csv and views.json may be missing. Every sample of a file is cut from its one recording.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from edge.bundle.document import Strict, read_document
from edge.bundle.manifest import Sha256
from edge.errors import DataError
from edge.frontends import FrontEndParams
from edge.types import NS_PER_S, Word
from train.corpora.recorded.rows import number, read_rows
from train.corpora.recorded.samples import Sample, check_samples, spread
from train.corpora.recorded.views import VIEWS_NAME, View, read_views
from train.task import Task

SCHEMA_VERSION = 1
CORPUS_NAME, SAMPLES_NAME, WORDS_NAME = "corpus.json", "samples.csv", "words.csv"
LEFT_OUT_NAME, RECORDINGS_NAME = "left_out.csv", "recordings"
MAX_CORPUS_BYTES = 2**20
RECORDING_NAME = r"[A-Za-z0-9_-]{1,100}"
"""Without a dot: NAME.1 is a view of NAME."""

SAMPLE_COLUMNS = (
    *("id", "recording", "start_s", "end_s"),
    *("label", "person", "split", "transcript"),
)
WORD_COLUMNS = ("recording", "start_s", "end_s", "word")


class CorpusHeader(Strict):
    """The complete `corpus.json`."""

    schema_version: int
    name: Annotated[str, Field(min_length=1, max_length=200)]
    task: Task
    labels: Annotated[tuple[str, ...], Field(max_length=1000)]
    """In the order of the network's outputs. Empty for a regression."""
    frontend_digest: Sha256
    asr: Annotated[str, Field(min_length=1, max_length=100)]
    """The engine of speech-to-text, or "none"."""
    seed: int
    """Of the faults in the views."""


@dataclass(frozen=True)
class RecordedCorpus:
    """A checked corpus: every recording that a sample or a view names exists."""

    folder: Path
    name: str
    task: Task
    labels: tuple[str, ...]
    samples: tuple[Sample, ...]
    views: dict[str, tuple[View, ...]] = field(default_factory=dict)
    """By recording: the clean one first, then those with faults."""

    def path(self, view: View) -> Path:
        """The folder of a view's recording, for `edge.recording.log.read_log`."""
        return self.folder / RECORDINGS_NAME / view.folder_name


def open_recorded(folder: Path) -> RecordedCorpus:
    """Read and check the corpus in `folder`. The recordings themselves are not read.

    Raises:
        DataError: A file or a recording is missing or malformed, the front ends are others than
            this release's, or the samples break a rule (`check_samples`). One sentence.
    """
    header = read_document(
        folder / CORPUS_NAME,
        CorpusHeader,
        SCHEMA_VERSION,
        MAX_CORPUS_BYTES,
        DataError,
        "extract it again with this release",
    )
    if header.frontend_digest != FrontEndParams().digest():
        raise DataError(
            f"{folder} was extracted with another front end than this release has: extract it again"
            " with this release, or train with the release that extracted it."
        )
    words = _timed_words(folder / WORDS_NAME)
    path = folder / SAMPLES_NAME
    samples = tuple(
        _sample(row, f"{path}, line {line}", words) for line, row in read_rows(path, SAMPLE_COLUMNS)
    )
    check_samples(samples, header.task, header.labels, str(path))
    views = read_views(folder / VIEWS_NAME, {sample.recording for sample in samples})
    corpus = RecordedCorpus(folder, header.name, header.task, header.labels, samples, views)
    for several in views.values():
        for view in several:
            if not corpus.path(view).is_dir():
                raise DataError(
                    f"{corpus.path(view)} is missing: run cdat-train extract again to complete the"
                    " corpus."
                )
    return corpus


def _sample(row: dict[str, str], where: str, words: dict[str, list[Word]]) -> Sample:
    for column in ("id", "recording", "person"):
        if not row[column]:
            raise DataError(f"{where}: {column} is empty.")
    if not re.fullmatch(RECORDING_NAME, row["recording"]):
        raise DataError(
            f"{where}: the recording '{row['recording']}' is not a name of letters, digits, - and"
            " _."
        )
    start_s = number(row["start_s"] or "0", f"{where}: start_s")
    end_s = number(row["end_s"], f"{where}: end_s") if row["end_s"] else None
    said: tuple[Word, ...] | None = None
    if row["transcript"]:
        if end_s is None:
            raise DataError(f"{where}: a sample with a transcript needs end_s.")
        said = spread(row["transcript"], start_s, end_s)
    elif row["recording"] in words:
        start_ns, end_ns = start_s * NS_PER_S, float("inf") if end_s is None else end_s * NS_PER_S
        said = tuple(
            word
            for word in words[row["recording"]]
            if start_ns <= word.start_ns and word.end_ns <= end_ns
        )
    label, split = row["label"] or None, row["split"] or None
    return Sample(row["id"], row["recording"], start_s, end_s, label, row["person"], split, said)


def _timed_words(path: Path) -> dict[str, list[Word]]:
    """Words by recording. A recording that is not in the file has those of speech-to-text."""
    words: dict[str, list[Word]] = {}
    if not path.exists():
        return words
    for line, row in read_rows(path, WORD_COLUMNS):
        times = [number(row[column], f"{path}, line {line}") for column in ("start_s", "end_s")]
        start_ns, end_ns = (round(time * NS_PER_S) for time in times)
        words.setdefault(row["recording"], []).append(Word(row["word"], start_ns, end_ns, 1.0))
    return words
