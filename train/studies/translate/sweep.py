"""Runs of a comparison: each is done once and kept as JSON, so a repeated command resumes."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from train import checkpoint
from train.cache import digest
from train.corpora.corpus import Corpus
from train.studies.translate.config import TranslateConfig
from train.studies.translate.data import split_corpus, with_stream
from train.studies.translate.distillation import ALONE, Distillation, Teacher, label
from train.studies.translate.metrics import student_metrics
from train.studies.translate.student import Problem, predict, train_student
from train.studies.translate.teacher import freeze_teacher, train_teacher

log = logging.getLogger("train.translate")
log.setLevel(logging.INFO)

VERSION = 2
"""Increase it when the method changes, so that older results are not reused."""


@dataclass(frozen=True)
class Outcome:
    """One run: metrics on validation and, if the run is reported, on test."""

    stream: str
    seed: int
    distillation: Distillation
    val: dict[str, float]
    test: dict[str, float] | None
    predictions: list[Any] | None
    """Predictions on test, by sample: classes, or regression values."""


class Sweep:
    """All runs on one corpus in one folder."""

    def __init__(self, config: TranslateConfig, corpus: Corpus, folder: Path) -> None:
        self.config, self.corpus, self.folder = config, corpus, folder
        facts = config.model_dump(include={"network", "fit", "val_share"})
        self._key = digest("translate", VERSION, facts, fingerprint(corpus))
        self._problem = lru_cache(maxsize=4)(self._cut)
        self._teacher = lru_cache(maxsize=4)(self._train_teacher)

    def alone(self, stream: str, seed: int, test: bool) -> Outcome:
        """Train a stream's encoder and head without a teacher."""
        return self._run(stream, None, ALONE, seed, test)

    def distilled(
        self, stream: str, strong: str, distillation: Distillation, seed: int, test: bool
    ) -> Outcome:
        """Train a student of `strong`'s teacher of the same seed, splits and budget."""
        return self._run(stream, strong, distillation, seed, test)

    def _run(
        self, stream: str, strong: str | None, distillation: Distillation, seed: int, test: bool
    ) -> Outcome:
        key = digest(self._key, stream, strong, asdict(distillation), seed)
        path = self.folder / "raw" / f"{stream}-{seed}-{key}.json"
        if path.is_file():
            kept = checkpoint.read_json(path)
            if kept["test"] is not None or not test:
                return Outcome(
                    stream, seed, distillation, kept["val"], kept["test"], kept["predictions"]
                )
        problem = self._problem(seed)
        teacher = None if strong is None else self._teacher(strong, seed)
        work = self.folder / "work" / path.stem
        with _quietly():
            student, val = train_student(problem, stream, distillation, teacher, work, key)
        found, predicted = None, None
        if test:
            part = with_stream(problem.parts.test, stream)
            out = predict(student, part, stream)
            found = student_metrics(self.corpus.task, out, part)
            classes = self.corpus.task == "classes"
            predicted = (
                out.argmax(dim=1).tolist()
                if classes
                else [[round(v, 5) for v in row] for row in out.tolist()]
            )
        facts = {
            "stream": stream,
            "seed": seed,
            "teacher": strong,
            "distillation": asdict(distillation),
        }
        checkpoint.write_json(path, facts | {"val": val, "test": found, "predictions": predicted})
        shutil.rmtree(work, ignore_errors=True)
        log.info(
            "%s, seed %d, %s: %.3f on validation",
            stream,
            seed,
            label(strong, distillation),
            val["score"],
        )
        return Outcome(stream, seed, distillation, val, found, predicted)

    def _cut(self, seed: int) -> Problem:
        parts = split_corpus(self.corpus, self.config.val_share, seed)
        return Problem(self.config, self.corpus, parts, seed)

    def _train_teacher(self, strong: str, seed: int) -> Teacher:
        problem = self._problem(seed)
        folder = self.folder / "teachers" / f"{strong}-{seed}"
        with _quietly():
            model, _ = train_teacher(problem, strong, folder, digest(self._key, strong, seed))
        return freeze_teacher(problem, strong, model)


def fingerprint(corpus: Corpus) -> str:
    """Digest of the whole corpus."""
    total = hashlib.sha256(repr((corpus.name, corpus.task, corpus.labels)).encode())
    for name, part in sorted(corpus.parts.items()):
        total.update(name.encode())
        arrays = [*part.streams.values(), *part.lengths.values()]
        for array in [*arrays, part.focus, part.present, part.targets, part.groups]:
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@contextmanager
def _quietly() -> Iterator[None]:
    """Log only warnings of the trainer: there are hundreds of short trainings."""
    trainer = logging.getLogger("train")
    before = trainer.level
    trainer.setLevel(logging.WARNING)
    try:
        yield
    finally:
        trainer.setLevel(before)
