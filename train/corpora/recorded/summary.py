"""What an extraction gave: files, samples, persons, what was left out and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from edge.bundle.document import Strict
from train.corpora.recorded.corpus import RECORDINGS_NAME
from train.corpora.recorded.persons import persons_of
from train.corpora.recorded.write import KeptFile, KeptSample, LeftOut
from train.task import Task

NO_LABEL, UNCUT = "(no label)", "(uncut)"


class Summary(Strict):
    """The result, also as JSON."""

    corpus: str
    files: int
    """Files with a recording."""
    resumed: int
    """Those of them that an earlier call had recorded."""
    samples: int
    persons: int
    samples_of_a_person: tuple[int, int]
    """The fewest and the most."""
    samples_by_person: dict[str, int]
    """The person with the most first."""
    persons_with_one_label: int | None
    """As `Persons.one_label`."""
    minutes: float
    """Of the files, without their views."""
    views: int
    """Recordings with faults."""
    megabytes: float
    """Of all recordings on disk."""
    no_face: int
    """Files in which no face was found."""
    no_sound: int
    """Files in which no sound was heard."""
    truncated: int
    """Files that end before their stated end; the part before was recorded."""
    unused: int
    """Recordings of earlier calls that no sample uses any more."""
    labels: dict[str, dict[str, int]]
    """Samples by label and split."""
    left_out: dict[str, int]
    """Files, or samples of a file, by reason."""


def summarize(
    out: Path,
    kept: Sequence[KeptFile],
    samples: Sequence[KeptSample],
    left_out: Sequence[LeftOut],
    resumed: int,
    task: Task,
) -> Summary:
    """Count; the folder is walked once for its size."""
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        labels[sample.span.label or NO_LABEL][sample.span.split or UNCUT] += 1
    persons = persons_of([sample.span for sample in samples], task)
    used = {sample.file.job.name for sample in samples}
    folders = [path.name for path in (out / RECORDINGS_NAME).iterdir() if path.is_dir()]
    size = sum(f.stat().st_size for f in (out / RECORDINGS_NAME).rglob("*") if f.is_file())
    return Summary(
        corpus=str(out),
        files=len(kept),
        resumed=resumed,
        samples=len(samples),
        persons=persons.number,
        samples_of_a_person=(persons.fewest, persons.most),
        samples_by_person=dict(Counter(sample.span.person for sample in samples).most_common()),
        persons_with_one_label=persons.one_label,
        minutes=round(sum(file.facts.duration_s for file in kept) / 60, 2),
        views=sum(file.job.views for file in kept),
        megabytes=round(size / 1e6, 3),
        no_face=sum(not file.facts.face for file in kept),
        no_sound=sum(not file.facts.sound for file in kept),
        truncated=sum(file.facts.truncated for file in kept),
        unused=sum(name.split(".")[0] not in used for name in folders),
        labels={label: dict(sorted(by.items())) for label, by in sorted(labels.items())},
        left_out=dict(Counter(reason for _, reason in left_out).most_common()),
    )
