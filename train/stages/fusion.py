"""Stage 2: TFN on the embeddings of the frozen encoders, with modality dropout and faults."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from edge.types import ALL_STREAMS
from train import checkpoint
from train.cache import digest
from train.config import TrainConfig
from train.corpora.labels import LABELS
from train.loop import Training, fit, generator
from train.losses import soft_cross_entropy
from train.metrics import accuracy
from train.models.tfn import TensorFusion, mask_bits
from train.stages.composed_windows import ComposedWindows, Composer
from train.stages.soft_targets import one_hot
from train.stages.stream_windows import StreamWindows

log = logging.getLogger("train")

WHOLE_SHARE = 0.4
"""Share of windows that keep all streams; the others get a random one of the seven masks."""
CLEAN_SHARE = 0.5
VAL_WINDOWS = 4000


def build(config: TrainConfig) -> TensorFusion:
    """An untrained fusion network."""
    return TensorFusion(embedding=config.embedding_size, labels=len(LABELS))


def train_fusion(
    config: TrainConfig, stream_windows: dict[str, dict[str, StreamWindows]], run: Path, key: str
) -> dict[str, float]:
    """Train fusion in `run`/fusion.

    Args:
        stream_windows: by stream, then split.
        key: digest of the encoders that gave the embeddings.
    """
    torch.manual_seed(config.seed)
    model = build(config)
    bits = mask_bits()
    composers = {
        part: Composer({s: stream_windows[s][part] for s in stream_windows}, part)
        for part in ("train", "val")
    }
    rng = generator(config.seed, "fusion", "val")
    clean = composers["val"].draw(VAL_WINDOWS, rng, clean_share=1.0)
    corrupted = composers["val"].draw(VAL_WINDOWS, rng, clean_share=0.0)

    def batches(rng: np.random.Generator) -> Iterator[tuple[ComposedWindows, Tensor]]:
        section = config.fusion
        for begin in range(0, section.samples, section.batch):
            count = min(section.batch, section.samples - begin)
            windows = composers["train"].draw(count, rng, CLEAN_SHARE)
            rows = rng.integers(0, len(bits), count)
            rows[rng.random(count) < WHOLE_SHARE] = ALL_STREAMS
            yield windows, bits[torch.from_numpy(rows)]

    def loss(batch: tuple[ComposedWindows, Tensor]) -> Tensor:
        windows, mask = batch
        _, logits = model(torch.from_numpy(windows.embeddings), mask)
        return soft_cross_entropy(logits, torch.from_numpy(one_hot(windows.label, 0.05)))

    def validate() -> dict[str, float]:
        metrics = {}
        for name, windows in (("clean", clean), ("corrupted", corrupted)):
            logits = masked_logits(model, windows.embeddings)[:, ALL_STREAMS]
            metrics[name] = accuracy(windows.label, logits.argmax(dim=1).numpy())
        return metrics | {"score": (metrics["clean"] + metrics["corrupted"]) / 2}

    whole = digest("fusion", config.fusion.model_dump(), config.seed, key)
    training = Training("fusion", model, batches, loss, validate, "score")
    return fit(training, config.fusion, config.seed, run / "fusion", whole)


def masked_logits(model: TensorFusion, embeddings: np.ndarray, batch: int = 1024) -> Tensor:
    """Class logits of windows (n, 3, D) under every mask, shape (n, 7, C); no gradient."""
    return masked_outputs(model, embeddings, batch)[1]


def masked_outputs(
    model: TensorFusion, embeddings: np.ndarray, batch: int = 1024
) -> tuple[Tensor, Tensor]:
    """z (n, 7, Z) and class logits (n, 7, C) of windows (n, 3, D) under every mask; no gradient."""
    bits = mask_bits()
    zs, logits = [], []
    with torch.no_grad():
        for begin in range(0, len(embeddings), batch):
            some = torch.from_numpy(embeddings[begin : begin + batch])
            n = len(some)
            repeated = some[:, None].expand(-1, len(bits), -1, -1).flatten(0, 1)
            z, logit = model(repeated, bits.repeat(n, 1))
            zs.append(z.reshape(n, len(bits), -1))
            logits.append(logit.reshape(n, len(bits), -1))
    return torch.cat(zs), torch.cat(logits)


def load_fusion(config: TrainConfig, run: Path) -> TensorFusion:
    """The best epoch's network, in eval mode.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    return checkpoint.load_best(build(config), run / "fusion")
