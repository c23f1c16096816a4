"""Learned baselines of the gate: the paper's confidence on z, and a gate over masks [R].

Both are trained on the same windows as ConfidNet, with fusion frozen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edge.types import STREAMS, Float
from train.live_config import TrainConfig
from train.loop import Training, fit, generator
from train.losses import confidence_loss
from train.models.confidence import ConfidNet
from train.models.fusion import FusionModel
from train.stages.composed_windows import ComposedWindows
from train.stages.fusion import VAL_WINDOWS, masked_outputs
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

CLEAN_SHARE = 0.35
WIDTH = 256


def confidence_by_mask(confidnet: ConfidNet, z: Tensor) -> Tensor:
    """The paper's ConfidNet on each mask's z, (batch, 7, Z) to confidences (batch, 7)."""
    confidence: Tensor = confidnet(z.flatten(0, 1))
    return confidence.reshape(z.shape[:2])


class MaskGate(nn.Module):
    """Scores of all masks at once, from the streams' embeddings and their measured signals [R]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, embedding: int, signals: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(signals))
        self.register_buffer("deviation", torch.ones(signals))
        self.forget = nn.Dropout(dropout)
        self.body = nn.Sequential(
            nn.Linear(3 * embedding + signals, WIDTH),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, 7),
        )

    def forward(self, embeddings: Tensor, quality: Tensor) -> Tensor:
        """Embeddings (batch, 3, D) and signals (batch, Q) to scores (batch, 7)."""
        signals = torch.clamp((quality - self.mean) / self.deviation, -4, 4)
        seen = torch.cat([self.forget(embeddings.flatten(1)), signals], dim=1)
        return torch.as_tensor(self.body(seen))


def mixture_loss(scores: Tensor, probabilities: Tensor, label: Tensor) -> Tensor:
    """-log sum_S pi(S) p_S(y), mean over the batch; pi = softmax of the scores.

    Args:
        scores: (batch, 7).
        probabilities: (batch, 7, C).
        label: (batch,).
    """
    own = probabilities[torch.arange(len(label)), :, label]
    return -torch.logsumexp(torch.log_softmax(scores, 1) + torch.log(own + 1e-9), dim=1).mean()


def train_baselines(
    config: TrainConfig,
    fusion: FusionModel,
    windows: WindowSplits,
    run: Path,
    key: str,
) -> tuple[ConfidNet, MaskGate]:
    """Train both baselines in `run`/baselines on held-out windows, with fusion frozen."""
    composers = {part: windows.composer(part) for part in ("held_out", "val")}
    held_out = windows.of("held_out")
    val = composers["val"].draw(VAL_WINDOWS, generator(config.seed, "rivals", "val"), CLEAN_SHARE)

    def batches(rng: np.random.Generator) -> Iterator[ComposedWindows]:
        section = config.confidence
        for begin in range(0, section.samples, section.batch):
            count = min(section.batch, section.samples - begin)
            yield composers["held_out"].draw(max(count, 2), rng, CLEAN_SHARE)

    torch.manual_seed(config.seed)
    by_z = ConfidNet(fusion.z_size)

    def z_error(windows: ComposedWindows) -> Tensor:
        z, logits = masked_outputs(fusion, windows.embeddings)
        own = torch.softmax(logits, 2)[torch.arange(len(windows)), :, windows.label]
        return confidence_loss(confidence_by_mask(by_z, z), own)

    torch.manual_seed(config.seed)
    gate = MaskGate(config.embedding_size, val.quality.shape[1])
    train_quality = np.concatenate([held_out[s].quality.mean(0) for s in STREAMS])
    deviation = np.concatenate([held_out[s].quality.std(0) for s in STREAMS])
    gate.mean.copy_(torch.from_numpy(train_quality))
    gate.deviation.copy_(torch.from_numpy(np.maximum(deviation, 1e-3)))

    def gate_error(windows: ComposedWindows) -> Tensor:
        _, logits = masked_outputs(fusion, windows.embeddings)
        scores = gate(torch.from_numpy(windows.embeddings), torch.from_numpy(windows.quality))
        return mixture_loss(scores, torch.softmax(logits, 2), torch.from_numpy(windows.label))

    for name, model, error in (("z_confidence", by_z, z_error), ("mask_gate", gate, gate_error)):
        training = Training(
            name,
            model,
            batches,
            error,
            lambda error=error: {"score": -float(error(val))},  # type: ignore[misc]
            "score",
        )
        fit(training, config.confidence, config.seed, run / "baselines" / name, key)
    return by_z, gate


def scores_of(
    fusion: FusionModel, by_z: ConfidNet, gate: MaskGate, embeddings: Float, quality: Float
) -> dict[str, Float]:
    """Both baselines' scores (n, 7) of windows (n, 3, D) with signals (n, Q)."""
    z, _ = masked_outputs(fusion, embeddings)
    with torch.no_grad():
        own = gate(torch.from_numpy(embeddings), torch.from_numpy(quality))
        return {
            "tcp_on_z": confidence_by_mask(by_z, z).numpy(),
            "mask_gate": torch.log_softmax(own, dim=1).numpy(),
        }
