"""CDaT's transfer on the live streams: fusion is trained, and streams learn from each other."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from train.cache import digest
from train.config import Fit
from train.fusion_config import FusedConfig
from train.loop import Training, fit
from train.losses import own_loss, transfer_loss
from train.models.confidence import EmbeddingConfidNet
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT, transfer_weights
from train.stages.confidence import load_confidence
from train.stages.fusion import TRANSFERRED, MaskedWindows, build, load_fusion
from train.stages.transfer_batches import TransferBatch, TransferBatches
from train.stages.window_splits import WindowSplits


def train_transfer(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    key: str,
    folder: Path | None = None,
) -> dict[str, float]:
    """Train with L_base + lambda L_PKT, in `folder`, or `run`/transfer without it.

    The loss of the answers is that of stage 2, on the windows with a label. The transfer is between
    the unmasked vectors of the streams. Its weights are w_mn = c_-m where c_-m > c_-n, else 0, and
    c_-m is what ConfidNet *predicts* without stream m: no label is read, so windows without one
    (`WindowSplits.unlabelled`) have weights as all others. In a batch they stand beside as many
    with a label, and the rows of L_PKT compare all of them with each other. They also count in the
    losses of MISA and TAILOR themselves, and in no loss of an answer.

    With `when: third` the model goes on from fusion's best epoch and its own z is judged. With
    `when: start` a new model is trained, and the base judges: to ConfidNet, the new model's z means
    nothing.

    Args:
        key: digest of the fusion model, of the ConfidNet that gives the weights, and of the windows
            without a label.
    """
    assert config.transfer is not None
    section, classes = config.transfer, len(windows.labels)
    judge = load_fusion(config, run, before_transfer=True, classes=classes)
    confidence = load_confidence(config, run, judge, before_transfer=True)
    from_start = section.when == "start"
    source = MaskedWindows(config, windows)
    batches = TransferBatches(source, windows)
    origin = section.origin_of(config.fusion.model.kind)
    torch.manual_seed(config.seed)
    model = build(config, classes) if from_start else judge
    length: Fit = section
    if from_start:
        whole_epochs = config.fusion.epochs + section.epochs
        length = config.fusion.model_copy(update={"epochs": whole_epochs})

    def loss(batch: TransferBatch) -> Tensor:
        embeddings = torch.from_numpy(batch.embeddings)
        present = (embeddings != 0).any(dim=2).float()
        without = confidence_without(judge, confidence.confidnet, embeddings, present)
        weights = transfer_weights(without, present)
        out = model.on_embeddings(embeddings, batch.mask)
        answer = windows.targets.loss(out.logits[: len(batch.label)], batch.label)
        moved = transfer_loss(_hidden(model, embeddings) - origin, weights)
        return answer + own_loss(out.parts) + section.lambda_ * moved

    # What came later is left out at its default, so that the runs made before keep their keys.
    facts = section.model_dump(exclude={"origin", "when"}) | ({"origin": origin} if origin else {})
    begun = ("start", config.fusion.model_dump()) if from_start else ()
    whole = digest("transfer", 2, facts, config.seed, key, *begun)
    training = Training(
        "transfer",
        model,
        lambda rng: batches(length, rng),
        loss,
        lambda: source.validate(model),
        "score",
    )
    return fit(training, length, config.seed, folder or run / TRANSFERRED, whole)


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
