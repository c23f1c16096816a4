"""Train the live speech encoder alone or distilled from faces, on the same clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import l1_loss, mse_loss

from train.config import uses_bfloat16
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.sampling import balanced_draw
from train.loop import Training, fit, generator
from train.losses import soft_cross_entropy
from train.metrics import macro_f1, uar
from train.models.classifier import Classifier
from train.models.pooling import pool
from train.models.speech import SpeechEncoder
from train.stages.batches import AudioBatches
from train.stages.encoders import ITEM_WEIGHT
from train.stages.soft_targets import one_hot
from train.studies.translate.alignment import LOSSES
from train.studies.translate.distillation import Distillation, Teacher
from train.studies.translate.speech.config import DistilledConfig
from train.studies.translate.translator import Decoder


@dataclass
class Speech:
    """Clips of the training actors, and their faces."""

    config: DistilledConfig
    corpora: Corpora
    face: NDArray[np.int64]
    """(n,): row of the teacher's outputs for each training clip; -1 for a clip without a face."""

    @cached_property
    def clips(self) -> AudioBatches:
        """Augmented clips, made once."""
        return AudioBatches(self.config, self.corpora)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Labels of the training clips."""
        return self.corpora.clips.labels[self.corpora.usable("audio", "train")]

    @cached_property
    def validation(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Clips of the validation actors, and their labels."""
        return self.clips.validation()

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
        """One epoch's windows (batch, segments, 1, 100, 64) and the indices of their clips."""
        section, share = self.config.audio, self.config.distillation.paired_share
        paired = np.flatnonzero(self.face >= 0)
        seen = round(section.samples * share) if len(paired) else 0
        every = balanced_draw(self.labels, section.samples - seen, section.class_balance, rng)
        if seen:
            some = balanced_draw(self.labels[paired], seen, section.class_balance, rng)
            every = np.concatenate([every, paired[some]])
        rng.shuffle(every)
        for places in np.array_split(every, -(-len(every) // section.batch)):
            yield torch.from_numpy(self.clips.windows(places, section, rng)), places


def train_speech(
    speech: Speech,
    distillation: Distillation,
    teacher: Teacher | None,
    seed: int,
    folder: Path,
    key: str,
) -> tuple[Classifier, dict[str, float]]:
    """Train a student and keep its best epoch on validation, with sound alone.

    Returns:
        The student in eval mode, and its metrics on validation.
    """
    config = speech.config
    torch.manual_seed(seed)
    student = Classifier(
        SpeechEncoder(embedding=config.embedding_size), config.embedding_size, len(LABELS)
    )
    student = student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    decoder: nn.Module = nn.Identity()
    if teacher is not None and distillation.beta:
        size = (
            teacher.embedding.shape[1]
            if distillation.to == "embedding"
            else teacher.features.x.shape[2]
        )
        decoder = Decoder(config.embedding_size, size)
    face = _whose_face(speech, distillation, seed)
    half = uses_bfloat16(config)

    def forward(items: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        batch, n = items.shape[:2]
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            embeddings, logits = student.encoder(items.flatten(0, 1))
        embeddings, logits = (
            embeddings.float().reshape(batch, n, -1),
            logits.float().reshape(batch, n),
        )
        embedding = pool(embeddings, logits)
        return student.head(embeddings), embedding, student.head(embedding)

    def loss(batch: tuple[Tensor, NDArray[np.int64]]) -> Tensor:
        items, places = batch
        each, embedding, window = forward(items)
        target = torch.from_numpy(one_hot(speech.labels[places], len(LABELS)))
        total = soft_cross_entropy(window, target)
        repeated = target[:, None].expand(-1, items.shape[1], -1)
        flat = soft_cross_entropy(each.flatten(0, 1), repeated.flatten(0, 1))
        total = (total + ITEM_WEIGHT * flat) / (1 + ITEM_WEIGHT)
        rows = torch.from_numpy(face[places])
        with_face = rows >= 0
        if teacher is None or with_face.sum() < 2:
            return total
        rows, own = rows[with_face], embedding[with_face]
        if distillation.gamma:
            total = total + distillation.gamma * LOSSES[distillation.align](
                own, teacher.embedding[rows]
            )
        if distillation.beta:
            distance = l1_loss if distillation.distance == "l1" else mse_loss
            strong = (
                teacher.embedding if distillation.to == "embedding" else teacher.features.x[:, 0]
            )
            total = total + distillation.beta * distance(decoder(own), strong[rows])
        return total

    def validate() -> dict[str, float]:
        items, labels = speech.validation
        some = np.array_split(items, max(1, len(items) // 128))
        found = np.concatenate([forward(torch.from_numpy(p))[2].argmax(dim=1) for p in some])
        metrics = {"uar": uar(labels, found), "macro_f1": macro_f1(labels, found)}
        return metrics | {"score": sum(metrics.values()) / 2}

    model = nn.ModuleDict({"student": student, "decoder": decoder})
    best = fit(
        Training("audio", model, speech.batches, loss, validate, "score"),
        config.audio,
        seed,
        folder,
        key,
    )
    return student.eval(), best


def _whose_face(speech: Speech, distillation: Distillation, seed: int) -> NDArray[np.int64]:
    """Row of each clip's face, or of another clip's face for a control."""
    if distillation.pairs == "true":
        return speech.face
    face, rng = speech.face.copy(), generator(seed, "pairs", distillation.pairs)
    paired = np.flatnonzero(face >= 0)
    if distillation.pairs == "shuffled":
        face[paired] = rng.permutation(face[paired])
        return face
    for label in np.unique(speech.labels[paired]):
        same = paired[speech.labels[paired] == label]
        face[same] = rng.permutation(face[same])
    return face
