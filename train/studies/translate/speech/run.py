"""Train the live speech encoder with and without a face teacher, and prepare the run for export."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.frontends import FrontEndParams
from train import checkpoint
from train.cache import cache_folder, digest
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.splits import SPLITS
from train.models.classifier import Classifier
from train.models.speech import SpeechEncoder
from train.run_report import OneStreamReport, write_run_report
from train.stages.make_windows import make_stream_windows
from train.stages.report import alone_on_test
from train.stages.stream_windows import StreamWindows
from train.studies.translate.distillation import ALONE, Distillation, Teacher, label
from train.studies.translate.speech.confide import (
    choose_one_stream_gate,
    confidence_on,
    load_confidence,
    train_confidence,
)
from train.studies.translate.speech.config import DistilledConfig
from train.studies.translate.speech.faces import face_of_each, face_teacher, open_faces
from train.studies.translate.speech.summary import summarise
from train.studies.translate.speech.train import Speech, train_speech
from train.studies.translate.sweep import fingerprint

log = logging.getLogger("train.translate")

STREAM = "audio"
VERSION = 1
"""Increase it when the method changes, so that older results are not reused."""


class DistilledRun:
    """The run folder of one configuration."""

    def __init__(self, config: DistilledConfig, folder: Path, data: Path) -> None:
        """Raises: DataError, if the clips or the face features are missing or invalid."""
        self.config, self.folder = config, folder
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        self.corpora = Corpora(data, cache_folder(), FrontEndParams())
        self.faces = open_faces(config.distillation.corpus, data)
        clips = self.corpora.clips
        train = [clips.names[k] for k in self.corpora.usable(STREAM, "train")]
        self.speech = Speech(config, self.corpora, face_of_each(train, self.faces.parts["train"]))
        with_face = int((self.speech.face >= 0).sum())
        log.info("%d of %d training clips have a face", with_face, len(train))
        self._teacher = cache(self._make_teacher)

    def compare(self, seeds: int) -> dict[str, Any]:
        """Choose the distillation on validation, then train three variants with `seeds` seeds each:
        without a teacher, distilled, and distilled with shuffled pairs."""
        distillation, tried = self._search()
        distillations = {
            "alone": ALONE,
            "distilled": distillation,
            "distilled, pairs shuffled": replace(distillation, pairs="shuffled"),
        }
        reported = [self.config.seed + k for k in range(seeds)]
        runs = {
            name: [self._run(one, seed, test=True) for seed in reported]
            for name, one in distillations.items()
        }
        return {
            "seeds": reported,
            "search_seed": self.config.search_seed,
            "paired_clips": int((self.speech.face >= 0).sum()),
            "training_clips": len(self.speech.face),
            "variants": summarise(distillations, runs),
            "tried_on_validation": tried,
        }

    def finish(self, results: dict[str, Any]) -> OneStreamReport:
        """Train confidence, choose the gate and write the report for the student with the best
        validation score."""
        name, run = self._best(results)
        shutil.copyfile(self._student_path(run), self._audio)
        student = load_student(self.config, self.folder)
        made = self._stream_windows(student, run["id"])
        key = digest("one stream", VERSION, run["id"], self.config.confidence.model_dump())
        train_confidence(self.config, STREAM, student, made, self.folder, key)
        confidence = load_confidence(self.config, STREAM, self.folder)
        gate, seen = choose_one_stream_gate(self.config, STREAM, confidence, made["val"])
        clean = made["held_out"].quality[made["held_out"].clean]
        measured = {
            "key": key,
            "labels": list(LABELS),
            "distilled": label(
                None if name == "alone" else "vision", Distillation(**run["distillation"])
            ),
            "gate": gate,
            "gate_seen_on_validation": seen,
            "typical_quality": {STREAM: [round(float(v), 5) for v in np.median(clean, axis=0)]},
            "left_out": {STREAM: self.corpora.clips.left_out},
            "items": {STREAM: {p: len(self.corpora.usable(STREAM, p)) for p in SPLITS}},
            "test": {
                "single": {STREAM: run["test"]},
                "confidence": confidence_on(confidence, made["test"]),
            },
            "comparison": results,
        }
        report = OneStreamReport.model_validate(measured)
        write_run_report(report, self.folder)
        return report

    @cached_property
    def _key(self) -> str:
        facts = self.config.model_dump(
            include={"audio", "distillation", "seed", "precision", "embedding_size", "window"}
        )
        return digest(
            "distilled speech", VERSION, facts, self.corpora.key(), fingerprint(self.faces)
        )

    @property
    def _audio(self) -> Path:
        path = self.folder / STREAM / checkpoint.BEST
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _search(self) -> tuple[Distillation, list[dict[str, Any]]]:
        tried, seed = self.config.distillation, self.config.search_seed
        translation = Distillation(beta=tried.beta, to=tried.to, distance=tried.distance)
        aligned = [Distillation(gamma=tried.gamma, align=align) for align in tried.align]
        scores = {one: self._run(one, seed)["val"]["score"] for one in (translation, *aligned)}
        best = max(aligned, key=lambda one: scores[one])
        both = replace(translation, gamma=best.gamma, align=best.align)
        scores[both] = self._run(both, seed)["val"]["score"]
        chosen = max(scores, key=lambda one: scores[one])
        log.info("chosen on validation: %s", label("vision", chosen))
        return chosen, [{"distillation": asdict(k), "score": v} for k, v in scores.items()]

    def _run(self, distillation: Distillation, seed: int, test: bool = False) -> dict[str, Any]:
        """Train one student, or read the result of an earlier call."""
        key = digest(self._key, asdict(distillation), seed)
        path = self.folder / "raw" / f"{seed}-{key}.json"
        if path.is_file() and ((kept := checkpoint.read_json(path))["test"] or not test):
            return kept
        teacher = None if distillation == ALONE else self._teacher(seed)
        work = self.folder / "work" / path.stem
        student, val = train_speech(self.speech, distillation, teacher, seed, work, key)
        run: dict[str, Any] = {"id": path.stem, "seed": seed, "distillation": asdict(distillation)}
        run |= {"val": val, "test": None}
        if test:
            run["test"] = alone_on_test(self.corpora, student, STREAM)
            checkpoint.save(self._student_path(run), student.state_dict(), {"key": key})
        checkpoint.write_json(path, run)
        shutil.rmtree(work, ignore_errors=True)
        predicted = label(None if teacher is None else "vision", distillation)
        log.info("seed %d, %s: %.3f on validation", seed, predicted, val["score"])
        return run

    def _student_path(self, run: dict[str, Any]) -> Path:
        path = self.folder / "students" / f"{run['id']}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _make_teacher(self, seed: int) -> Teacher:
        folder = self.folder / "teachers" / str(seed)
        return face_teacher(self.config, self.faces, seed, folder, digest(self._key, seed))

    def _best(self, results: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The variant with the better mean validation score, and the best of its runs."""
        name = max(("alone", "distilled"), key=lambda n: results["variants"][n]["val"]["mean"])
        runs = results["variants"][name]["runs"]
        return name, max(runs, key=lambda run: run["val"]["score"])

    def _stream_windows(self, student: Classifier, which: str) -> dict[str, StreamWindows]:
        return {
            part: make_stream_windows(
                self.config, STREAM, part, self.corpora, student.encoder, which
            )
            for part in ("held_out", "val", "test")
        }


def load_student(config: DistilledConfig, folder: Path) -> Classifier:
    """The run's speech encoder and head, in eval mode.

    Raises:
        DataError: The run is not finished, or has another architecture.
    """
    model = Classifier(
        SpeechEncoder(embedding=config.embedding_size), config.embedding_size, len(LABELS)
    )
    model = checkpoint.load_best(model, folder / STREAM)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
