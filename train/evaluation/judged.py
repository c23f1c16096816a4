"""The answers on all takes as columns, each with the sample that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.manifest import Manifest, Task, WindowSpec
from edge.types import MASK_ROWS, STREAMS
from train.corpora.recorded.samples import Sample
from train.evaluation.answers import Answer, SeenNetworks, answers
from train.evaluation.open_answers import OpenAnswers, open_answers
from train.evaluation.takes import Take

SHORTEST_S = 1.0
"""Of a window that counts, or the share of it before the first label if that is longer: with less,
the live runtime says that its streams are starting."""
UNKNOWN = -1
"""The true label of a verdict on an unlabelled sample."""


@dataclass(frozen=True)
class Judged:
    """n verdicts. Labels are places in the bundle's labels; C of them.

    Where the bundle answers with several labels or a number, `other` holds truth and answers, and
    `true` is 0 for a sample with a label, `guess` 0 for a right answer and C for a wrong one.

    Attributes:
        true: (n,), `UNKNOWN` where there is no label.
        guess: (n,), the likeliest label, also where the verdict abstains; C without any stream.
        answered: (n,), whether the verdict has a label.
        confidence: (n,), NaN without any stream.
        scores: (n, C) of the mask used; zeros without any stream.
        alone: (n, 3), the label of each stream alone; C where it could not be used.
        usable: (n, 3), whether the stream had something to be used.
        used: (n, 3).
        reliability: (n, 3), NaN where there was nothing to judge.
        reasons: (n, 3), why a stream was not used; "" for a used one.
        sample, person: (n,), names.
        faults: Of each verdict's recording.
    """

    labels: tuple[str, ...]
    true: NDArray[np.int64]
    guess: NDArray[np.int64]
    answered: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    scores: NDArray[np.float64]
    alone: NDArray[np.int64]
    usable: NDArray[np.bool_]
    used: NDArray[np.bool_]
    reliability: NDArray[np.float64]
    reasons: NDArray[np.str_]
    sample: NDArray[np.str_]
    person: NDArray[np.str_]
    faults: tuple[tuple[str, ...], ...]
    task: Task = "multiclass"
    other: OpenAnswers | None = None

    def __len__(self) -> int:
        return len(self.true)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,), whether the likeliest label is the true one."""
        return np.asarray(self.guess == self.true)

    def at(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Judged:
        """Some of the verdicts, by a mask (n,) or their places."""
        places = np.arange(len(self))[rows]
        return replace(
            self,
            faults=tuple(self.faults[k] for k in places),
            other=None if self.other is None else self.other.at(places),
            **{name: column[places] for name, column in self._columns.items()},
        )

    def beside(self, other: Judged) -> Judged:
        """The verdicts of both, by one bundle."""
        more, both = other._columns, None
        columns: dict[str, Any] = {
            name: np.concatenate([one, more[name]]) for name, one in self._columns.items()
        }
        if self.other is not None and other.other is not None:
            both = self.other.beside(other.other)
        return replace(
            self,
            faults=self.faults + other.faults,
            other=both,
            **columns,
        )

    @property
    def _columns(self) -> dict[str, Any]:
        return {name: one for name, one in vars(self).items() if isinstance(one, np.ndarray)}


def judge(
    takes: Sequence[Take],
    bundle: Bundle,
    networks: SeenNetworks,
    progress: Callable[[int], None] = lambda done: None,
    keep: Callable[[Take, Answer], None] = lambda take, answer: None,
) -> Judged:
    """Replay every take. A verdict is about the sample that contains the middle of its window;
    one of a window that is too short (`shortest_s`), or between samples, does not count.

    Args:
        progress: Is told how many takes are done.
        keep: Is given every answer that counts.

    Raises:
        RecordingError: A recording cannot be replayed. One sentence.
    """
    rows: list[tuple[Take, Sample, Answer]] = []
    least_s = shortest_s(bundle.manifest.window)
    for done, take in enumerate(takes, 1):
        for answer in answers(take.folder, bundle, networks, take.words):
            sample = _about(take.samples, answer, least_s)
            if sample is not None:
                rows.append((take, sample, answer))
                keep(take, answer)
        progress(done)
    return _columns(bundle.manifest, rows)


def shortest_s(window: WindowSpec) -> float:
    """Length of the shortest window that counts, before which a label would be too early."""
    return max(SHORTEST_S, round(window.min_share * window.duration_s, 9))  # whole nanoseconds


def _about(samples: Iterable[Sample], answer: Answer, least_s: float) -> Sample | None:
    if answer.length_s < least_s:
        return None
    for sample in samples:
        end_s = float("inf") if sample.end_s is None else sample.end_s
        if sample.start_s <= answer.middle_s < end_s:
            return sample
    return None


def _columns(manifest: Manifest, rows: Sequence[tuple[Take, Sample, Answer]]) -> Judged:
    labels = manifest.labels
    count, none = len(rows), len(labels)
    verdicts = [answer.verdict for _, _, answer in rows]
    streams = [[verdict.streams[name] for name in STREAMS] for verdict in verdicts]
    alone = np.full((count, len(STREAMS)), none, np.int64)
    usable = np.array([[one.reliability is not None for one in some] for some in streams], bool)
    usable = usable.reshape(count, len(STREAMS))
    for column, name in enumerate(STREAMS):
        at = MASK_ROWS[frozenset({name})]
        for row in np.flatnonzero(usable[:, column]):
            alone[row, column] = int(rows[int(row)][2].fused.outputs[at].argmax())
    scores = np.array(
        [[verdict.scores.get(label, 0.0) for label in labels] for verdict in verdicts], np.float64
    ).reshape(count, none)
    empty = np.array([not verdict.scores for verdict in verdicts], bool)
    guess = np.where(empty, none, scores.argmax(axis=1) if count else 0)
    other = None
    if manifest.task != "multiclass":
        other = open_answers(manifest, [(sample, answer) for _, sample, answer in rows], usable)
        guess = np.where(other.right, 0, none)
    return Judged(
        labels=labels,
        true=np.array(
            [
                UNKNOWN if s.label is None else 0 if other is not None else labels.index(s.label)
                for _, s, _ in rows
            ],
            np.int64,
        ),
        guess=guess.astype(np.int64),
        answered=np.array([not verdict.abstains for verdict in verdicts], bool),
        confidence=np.array([_number(verdict.confidence) for verdict in verdicts], np.float64),
        scores=scores,
        alone=alone,
        usable=usable,
        used=np.array([[one.state == "used" for one in some] for some in streams], bool).reshape(
            count, len(STREAMS)
        ),
        reliability=np.array(
            [[_number(one.reliability) for one in some] for some in streams], np.float64
        ).reshape(count, len(STREAMS)),
        reasons=np.array(
            [
                ["" if one.state == "used" else one.reason or one.state for one in some]
                for some in streams
            ],
            np.str_,
        ).reshape(count, len(STREAMS)),
        sample=np.array([sample.id for _, sample, _ in rows], np.str_),
        person=np.array([sample.person for _, sample, _ in rows], np.str_),
        faults=tuple(take.faults for take, _, _ in rows),
        task=manifest.task,
        other=other,
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
