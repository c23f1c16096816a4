"""What is measured: the recordings of a corpus with their samples, or bare recordings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge.bundle import Bundle
from edge.bundle.manifest import Manifest
from edge.bundle.manifest import Task as BundleTask
from edge.errors import DataError
from edge.recording.session import SESSION_NAME
from edge.types import Word
from train.corpora.recorded.corpus import CORPUS_NAME, RecordedCorpus, open_recorded
from train.corpora.recorded.samples import Sample, labels_of
from train.stages.recorded.report import digest_of
from train.task import BUNDLE_TASK

Split = Literal["test", "all"]
ANSWERS: dict[BundleTask, str] = {
    "multiclass": "one label",
    "multilabel": "any number of labels",
    "regression": "a number",
}


@dataclass(frozen=True)
class Take:
    """One recording, the samples that are cut from it, and the faults that were put on it.

    `words` are those of the samples' transcripts; None: those of speech-to-text.
    """

    folder: Path
    samples: tuple[Sample, ...]
    faults: tuple[str, ...] = ()
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True)
class Material:
    """All takes.

    Attributes:
        labels: Those that the corpus and the bundle have in common, in the bundle's order; empty
            for recordings without labels.
        left_out: Samples whose label the bundle does not know, by label.
        chosen: Which samples these are, for people.
    """

    name: str
    takes: tuple[Take, ...]
    labels: tuple[str, ...]
    left_out: dict[str, int]
    chosen: str


def is_recorded(folder: Path) -> bool:
    """Whether it is what `open_material` reads, and not media files."""
    return (folder / CORPUS_NAME).exists() or (folder.is_dir() and bool(_recordings(folder)))


def open_material(folder: Path, bundle: Bundle, split: Split) -> Material:
    """A recorded corpus, a folder that `cdat-edge run --record` wrote, or a folder of such folders.

    Raises:
        DataError: There is no recording; the samples have another task, or no label of the bundle.
    """
    if (folder / CORPUS_NAME).exists():
        return _of_corpus(open_recorded(folder), bundle.manifest, split)
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder: give a corpus of cdat-train extract, or recordings of"
            " cdat-edge run --record."
        )
    recordings = _recordings(folder)
    if not recordings:
        raise DataError(
            f"{folder} has no recording: give a corpus of cdat-train extract, or a folder that"
            " cdat-edge run --record wrote."
        )
    takes = [
        Take(one, (Sample(one.name, one.name, 0.0, None, None, one.name, None, None),))
        for one in recordings
    ]
    return Material(folder.name, tuple(takes), (), {}, "all recordings")


def _recordings(folder: Path) -> list[Path]:
    found = [folder] if (folder / SESSION_NAME).exists() else sorted(folder.iterdir())
    return [one for one in found if (one / SESSION_NAME).is_file()]


def _of_corpus(corpus: RecordedCorpus, manifest: Manifest, split: Split) -> Material:
    if BUNDLE_TASK[corpus.task] != manifest.task:
        raise DataError(
            f"{corpus.folder} has the task '{corpus.task}', but the bundle answers with"
            f" {ANSWERS[manifest.task]}: give a bundle that was trained on such a corpus."
        )
    samples, chosen = _chosen(corpus, manifest, split)
    common = tuple(label for label in manifest.labels if label in corpus.labels)
    if corpus.labels and not common:
        raise DataError(
            f"{corpus.folder} has the labels {', '.join(corpus.labels)}, and the bundle"
            f" {', '.join(manifest.labels)}: they have none in common, so nothing can be scored."
        )
    left_out: dict[str, int] = defaultdict(int)
    by_recording: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        unknown = [one for one in labels_of(sample.label, corpus.task) if one not in common]
        if unknown:
            left_out[unknown[0]] += 1
        else:
            by_recording[sample.recording].append(sample)
    takes = []
    for recording, some in sorted(by_recording.items()):
        words = _words(some)
        for view in corpus.views[recording]:
            faults = tuple(f"{stream} {name}" for stream, (name, _) in sorted(view.faults.items()))
            takes.append(Take(corpus.path(view), tuple(some), faults, words))
    return Material(corpus.name, tuple(takes), common, dict(left_out), chosen)


def _chosen(
    corpus: RecordedCorpus, manifest: Manifest, split: Split
) -> tuple[tuple[Sample, ...], str]:
    """The samples to measure, and why these."""
    if split == "all":
        return corpus.samples, "all samples"
    if manifest.provenance.get("adapted"):
        return corpus.samples, "all samples: the bundle was adapted, perhaps to some of them"
    own = tuple(sample for sample in corpus.samples if sample.split == "test")
    if own:
        return own, "the corpus' own test split"
    trained: dict[str, Any] = manifest.provenance.get("recorded") or {}
    if trained.get("samples") == digest_of(corpus):
        kept = set(trained["test"])
        tested = tuple(sample for sample in corpus.samples if sample.id in kept)
        return tested, "the persons that the bundle's training had cut off for its test"
    return corpus.samples, "all samples: the bundle was not trained on exactly this corpus"


def _words(samples: Iterable[Sample]) -> tuple[Word, ...] | None:
    told = [sample.words for sample in samples]
    # With a sample that has none, speech-to-text is all that there is for the whole recording.
    given = [words for words in told if words is not None]
    if len(given) < len(told):
        return None
    return tuple(sorted(sum(given, ()), key=lambda word: word.start_ns))
