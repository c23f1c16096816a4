"""The face teacher: trained on face features of the performances in the speech corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.corpora.corpus import Corpus, Part, part
from train.corpora.labels import LABELS, RAVDESS, index_of
from train.corpora.open import open_corpus
from train.corpora.splits import SPLITS, split_of_actor
from train.studies.translate.config import Network, TranslateConfig
from train.studies.translate.data import CorpusSplits
from train.studies.translate.distillation import Teacher
from train.studies.translate.speech.config import DistilledConfig
from train.studies.translate.student import Problem
from train.studies.translate.teacher import freeze_teacher, train_teacher


def open_faces(name: str, data: Path) -> Corpus:
    """The faces of an audio-visual corpus with RAVDESS' file names. They get the runtime's labels
    and the same split by actor as the sound.

    Raises:
        DataError: The corpus has no faces, or its samples do not have the names of RAVDESS files.
    """
    corpus = open_corpus(name, data)
    if "vision" not in corpus.streams:
        raise DataError(f"{name} has no faces: set distillation.corpus to a corpus with faces.")
    parts = list(corpus.parts.values())
    label = np.array([index_of(each, RAVDESS, name) for each in corpus.labels])
    ids = np.concatenate([one.ids for one in parts])
    whole = part(
        {"vision": np.concatenate([one.streams["vision"] for one in parts])},
        np.concatenate([label[one.targets.astype(np.int64)] for one in parts]),
        np.concatenate([one.groups for one in parts]),
        ids,
    )
    splits = np.array([split_of_actor(_actor(str(each), name)) for each in ids])
    return Corpus(name, "classes", LABELS, {s: whole.take(splits == s) for s in SPLITS})


def face_of_each(clips: list[str], faces: Part) -> NDArray[np.int64]:
    """Row of each clip's face in `faces`, shape (n,); -1 for a clip without a face.

    RAVDESS names a file modality-channel-emotion-intensity-statement-repetition-actor: the face and
    the sound of a performance differ only in the modality.
    """
    rows = {_performance(str(name)): row for row, name in enumerate(faces.ids)}
    return np.array([rows.get(_performance(clip), -1) for clip in clips])


def face_teacher(
    config: DistilledConfig, faces: Corpus, seed: int, folder: Path, key: str
) -> Teacher:
    """Train the teacher on the faces of the training actors; returns its outputs for them."""
    own_config = config.distillation
    network = Network(
        hidden=own_config.hidden,
        embedding=config.embedding_size,
        heads=2,
        dropout=own_config.dropout,
    )
    own = TranslateConfig(
        name=config.name, corpus=own_config.corpus, options={}, network=network, fit=own_config.fit
    )
    parts = CorpusSplits(*(faces.parts[name] for name in ("train", "val", "test")))
    problem = Problem(own, faces, parts, seed)
    model, _ = train_teacher(problem, "vision", folder, key)
    return freeze_teacher(problem, "vision", model)


def _performance(name: str) -> str:
    return Path(name).stem.partition("-")[2]


def _actor(name: str, where: str) -> int:
    fields = name.split("-")
    if len(fields) != 7 or not all(field.isdigit() for field in fields):
        raise DataError(f"{where}: the sample '{name}' does not have the name of a RAVDESS file.")
    return int(fields[-1])
