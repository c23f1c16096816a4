"""Stage 1: one encoder for each stream, with its own classification head."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge.frontends import FrontEndParams
from train import checkpoint, hardware
from train.cache import digest, fingerprint
from train.config import EncoderFit, uses_bfloat16
from train.corpora import face_teacher
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.voices import NEVER_SCORED
from train.live_config import TrainConfig
from train.loop import Training, fit, generator
from train.losses import soft_cross_entropy
from train.metrics import accuracy, uar
from train.models.classifier import Classifier
from train.models.speech import SpeechEncoder
from train.models.text import TextEncoder
from train.models.vision import FaceEncoder
from train.stages.batches import AudioBatches, Batch, VisionBatches
from train.stages.text_batches import TextBatches
from train.stages.warm_start import begin_with, graph_of, start_bundle, take_head

log = logging.getLogger("train")

ITEM_WEIGHT = 0.3
"""Weight of the items' losses beside the window's, so that single items are also classified."""


def build(config: TrainConfig, stream: str, params: FrontEndParams | None = None) -> nn.Module:
    """An untrained encoder for a stream."""
    if stream == "vision":
        return FaceEncoder(embedding=config.embedding_size)
    if stream == "audio":
        return SpeechEncoder(embedding=config.embedding_size)
    return TextEncoder((params or FrontEndParams()).text.buckets, embedding=config.embedding_size)


def stage_key(config: TrainConfig, stream: str, corpora: Corpora) -> str:
    """Digest of everything an encoder's weights depend on."""
    section: EncoderFit = getattr(config, stream)
    return digest(
        stream,
        # The bundle's graph counts, not its folder.
        section.model_dump(exclude={"start"}),
        config.seed,
        config.precision,
        config.embedding_size,
        *corpora.key(stream),
        config.corpora.uniform_prior,
        _taught(config, corpora) if stream == "vision" else None,
        *_started(section, stream),
        config.window.duration_s if stream == "audio" else None,
    )


def _started(section: EncoderFit, stream: str) -> list[str | None]:
    """The graphs from which the weights begin; the head is the fusion's if nothing is trained."""
    if section.start is None:
        return [None]
    bundle = start_bundle(section.start)
    graphs: list[str | None] = [graph_of(bundle, stream)[1]]
    if not section.epochs:
        graphs.append(bundle.manifest.files[bundle.manifest.fusion.graph])
    return graphs


def _taught(config: TrainConfig, corpora: Corpora) -> list[object]:
    """What the targets of faces depend on beside the votes."""
    share, file = config.corpora.teacher_share, corpora.data / face_teacher.FILE
    return [share, fingerprint(file) if share and file.is_file() else None]


def train_encoder(config: TrainConfig, stream: str, corpora: Corpora, run: Path) -> dict[str, Any]:
    """Train a stream's encoder in `run`/<stream>, or resume an interrupted training.

    Returns:
        The metrics of the best epoch on validation items without fault.
    """
    torch.manual_seed(config.seed)
    model = Classifier(build(config, stream, corpora.params), config.embedding_size, len(LABELS))
    # Halves the time of convolutions on a CPU.
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # Mixed precision of the whole training takes the place of that of the convolutions alone.
    half = uses_bfloat16(config) and stream != "text" and not hardware.mixed()
    section: EncoderFit = getattr(config, stream)
    source = _BATCHES[stream](config, corpora)

    def forward(items: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            each, window = model(items)
        return each.float(), window.float()

    def loss(batch: Batch) -> Tensor:
        items, target, prior = (torch.from_numpy(part) for part in batch)
        each, window = forward(items)
        total = soft_cross_entropy(window + prior, target)
        if items.shape[1] > 1:
            repeated = target[:, None].expand(-1, items.shape[1], -1)
            alone = (each + prior[:, None]).flatten(0, 1)
            flat = soft_cross_entropy(alone, repeated.flatten(0, 1))
            total = (total + ITEM_WEIGHT * flat) / (1 + ITEM_WEIGHT)
        return total

    val_items, val_labels = source.validation()
    val_corpus = corpora.corpus(stream)[corpora.usable(stream, "val")]

    def validate() -> dict[str, float]:
        predictions = np.concatenate(
            [
                forward(torch.from_numpy(part))[1].argmax(dim=1).numpy()
                for part in np.array_split(val_items, max(1, len(val_items) // 256))
            ]
        )
        return scores(val_labels, predictions, val_corpus)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        return source.epoch(section, rng)

    def begin() -> None:
        if section.start is not None:
            first = source.epoch(section, generator(config.seed, "start", stream))
            bundle = start_bundle(section.start)
            begin_with(model, bundle, stream, first)
            if not section.epochs and not take_head(model, bundle, stream):
                log.info("%s: %s has no head of it, so one is fitted", stream, bundle.folder)

    training = Training(stream, model, batches, loss, validate, "score", begin, True)
    key = stage_key(config, stream, corpora)
    metrics = fit(training, section, config.seed, run / stream, key)
    log.info("%s: best %s", stream, {k: round(v, 3) for k, v in metrics.items()})
    return dict(metrics)


def scores(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], corpus: NDArray[np.str_]
) -> dict[str, float]:
    """Accuracy and UAR, each the mean over the corpora that may be scored, and `score`, their mean.

    Args:
        corpus: (n,), the corpus of each item.
    """
    parts = [corpus == name for name in np.unique(corpus) if name not in NEVER_SCORED]
    metrics = {
        "accuracy": float(np.mean([accuracy(labels[one], predictions[one]) for one in parts])),
        "uar": float(np.mean([uar(labels[one], predictions[one]) for one in parts])),
    }
    return metrics | {"score": (metrics["accuracy"] + metrics["uar"]) / 2}


def load_encoder(config: TrainConfig, stream: str, run: Path) -> Classifier:
    """The best epoch's classifier, in eval mode.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    model = Classifier(build(config, stream), config.embedding_size, len(LABELS))
    model = checkpoint.load_best(model, run / stream)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


_BATCHES: dict[str, type[VisionBatches] | type[AudioBatches] | type[TextBatches]] = {
    "vision": VisionBatches,
    "audio": AudioBatches,
    "text": TextBatches,
}
