"""CDaT's third stage on the live streams: fusion trains on, and streams learn from each other."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from train.cache import digest
from train.config import FusedConfig
from train.loop import Training, fit
from train.losses import transfer_loss
from train.models.confidence import EmbeddingConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT, transfer_weights
from train.stages.confidence import load_confidence
from train.stages.fusion import (
    TRANSFERRED,
    MaskedBatch,
    MaskedWindows,
    answer_loss,
    load_fusion,
)
from train.stages.window_splits import WindowSplits


def train_transfer(
    config: FusedConfig, windows: WindowSplits, run: Path, key: str
) -> dict[str, float]:
    """Train on from fusion's best epoch with L_base + lambda L_PKT, in `run`/transfer.

    The loss of the answers is that of stage 2. The transfer is between the unmasked vectors of
    the streams, weighted by the confidence that ConfidNet gives without each of them.

    Args:
        key: digest of the fusion model and of the ConfidNet that gives the weights.
    """
    assert config.transfer is not None
    section = config.transfer
    model = load_fusion(config, run, before_transfer=True, classes=len(windows.labels))
    confidence = load_confidence(config, run, model, before_transfer=True)
    source = MaskedWindows(config, windows)
    origin = section.origin_of(config.fusion.model.kind)

    def loss(batch: MaskedBatch) -> Tensor:
        drawn, mask = batch
        embeddings = torch.from_numpy(drawn.embeddings)
        present = (embeddings != 0).any(dim=2).float()
        without = confidence_without(model, confidence.confidnet, embeddings, present)
        weights = transfer_weights(without, present)
        answer = answer_loss(model.on_embeddings(embeddings, mask), drawn, windows.targets)
        moved = transfer_loss(_hidden(model, embeddings) - origin, weights)
        return answer + section.lambda_ * moved

    torch.manual_seed(config.seed)
    # An origin of 0 is left out, so that the runs made before it was a key keep theirs.
    facts = section.model_dump(exclude={"origin"}) | ({"origin": origin} if origin else {})
    whole = digest("transfer", 2, facts, config.seed, key)
    training = Training(
        "transfer",
        model,
        lambda rng: source.batches(section, rng),
        loss,
        lambda: source.validate(model),
        "score",
    )
    return fit(training, section, config.seed, run / TRANSFERRED, whole)


@torch.no_grad()
def confidence_without(
    model: FusionModel, confidnet: EmbeddingConfidNet, embeddings: Tensor, present: Tensor
) -> Tensor:
    """c_-m for each stream m, (B, 3): the live ConfidNet on z without m.

    Both networks are in eval mode meanwhile.

    Args:
        embeddings: (B, 3, D).
        present: (B, 3); a stream that is not there is in no mask, as in training.
    """
    was = model.training
    model.eval()
    mask = (WITHOUT * present[:, None]).flatten(0, 1)
    repeated = embeddings.repeat_interleave(3, dim=0)
    z = model.on_embeddings(repeated, mask).z
    confidence: Tensor = confidnet(z, mask, repeated).reshape(-1, 3)
    model.train(was)
    return confidence


def _hidden(model: FusionModel, embeddings: Tensor) -> Tensor:
    """The unmasked vectors between which the transfer works, (B, 3, H)."""
    whole = torch.ones(len(embeddings), 3)
    return model.on_embeddings(embeddings, whole).hidden
