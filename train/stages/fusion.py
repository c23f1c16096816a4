"""Stage 2: fusion of the frozen encoders' embeddings, with modality dropout and faults."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edge.errors import ConfigError
from edge.types import ALL_STREAMS
from train import checkpoint
from train.cache import digest
from train.config import Fit
from train.corpora.labels import LABELS
from train.fusion_config import FusedConfig
from train.loop import Training, fit, generator
from train.losses import own_loss
from train.models.fusion import MODELS, FusionModel, Late, Output, mask_bits
from train.stages.composed_windows import ComposedWindows
from train.stages.targets import Targets
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

WHOLE_SHARE = 0.4
"""Share of windows that keep all streams; the others get a random one of the seven masks."""
CLEAN_SHARE = 0.5
BASE, TRANSFERRED = "fusion", "transfer"
"""Folders of the two stages."""
VAL_WINDOWS = 4000


def build(config: FusedConfig, classes: int = len(LABELS)) -> FusionModel:
    """An untrained fusion model on embeddings."""
    shape = config.fusion.model
    size = config.embedding_size if shape.encoder is True else 0
    model = MODELS[shape.kind]((size,) * 3, classes, shape.hidden, shape.dropout)
    if shape.encoder == "residual":
        model.add_to_embeddings(shape.hidden)
    if isinstance(model, Late) and shape.heads == "taken":
        model.keep_heads()
    return model


def train_fusion(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    key: str,
    heads: Sequence[nn.Linear] | None = None,
) -> dict[str, float]:
    """Train fusion in `run`/fusion, before any transfer.

    Args:
        key: digest of the encoders that gave the embeddings.
        heads: those with which the encoders of text, audio and vision were trained.

    Raises:
        ConfigError: `heads: taken` in a run whose encoders have none.
    """
    torch.manual_seed(config.seed)
    model = build(config, len(windows.labels))
    if isinstance(model, Late) and config.fusion.model.heads == "taken":
        if heads is None:
            raise ConfigError(
                "fusion.model.heads: taken is for runs that train their encoders; give trained."
            )
        model.take_heads(heads)
    if config.fusion.model.encoder == "residual":
        model.encoders.requires_grad_(False)
    source = MaskedWindows(config, windows)

    def loss(batch: MaskedBatch) -> Tensor:
        drawn, mask = batch
        out = model.on_embeddings(torch.from_numpy(drawn.embeddings), mask)
        return answer_loss(out, drawn, windows.targets)

    whole = digest("fusion", 2, config.fusion.model_dump(), config.seed, key)
    training = Training(
        "fusion",
        model,
        lambda rng: source.batches(config.fusion, rng),
        loss,
        lambda: source.validate(model),
        "score",
        by_sample=model.by_sample,
    )
    return fit(training, config.fusion, config.seed, run / BASE, whole)


MaskedBatch = tuple[ComposedWindows, Tensor]
"""Composed windows, and the mask (n, 3) under which each is answered."""


class MaskedWindows:
    """The windows and masks that the fusion model is trained and validated with."""

    def __init__(self, config: FusedConfig, windows: WindowSplits) -> None:
        self._bits, self._targets = mask_bits(), windows.targets
        self._train, val = windows.composer(windows.fusion_split), windows.composer("val")
        rng = generator(config.seed, "fusion", "val")
        self._clean = val.draw(VAL_WINDOWS, rng, clean_share=1.0)
        self._corrupted = val.draw(VAL_WINDOWS, rng, clean_share=0.0)

    def batches(self, section: Fit, rng: np.random.Generator) -> Iterator[MaskedBatch]:
        """An epoch of `section.samples` windows."""
        for begin in range(0, section.samples, section.batch):
            count = max(2, min(section.batch, section.samples - begin))
            yield self.masked(self._train.draw(count, rng, CLEAN_SHARE), rng)

    def masked(self, windows: ComposedWindows, rng: np.random.Generator) -> MaskedBatch:
        """Windows, each with a mask that is drawn for it."""
        count = len(windows)
        rows = rng.integers(0, len(self._bits), count)
        rows[rng.random(count) < WHOLE_SHARE] = ALL_STREAMS
        bits = self._bits[torch.from_numpy(rows)] * torch.from_numpy(windows.present)
        # None of the mask's streams may be there: then all that are.
        empty = ~bits.any(dim=1)
        bits[empty] = self._bits[torch.from_numpy(windows.whole)][empty]
        return windows, bits

    def validate(self, model: FusionModel) -> dict[str, float]:
        """Accuracy (micro-F1 of several labels, CCC of a number) with all streams, clean and
        corrupted, and `score`, their mean."""
        metrics = {}
        for name, windows in (("clean", self._clean), ("corrupted", self._corrupted)):
            every = masked_logits(model, windows.embeddings)
            logits = every[torch.arange(len(windows)), torch.from_numpy(windows.whole)]
            metrics[name] = self._targets.score(logits, windows.label)
        return metrics | {"score": (metrics["clean"] + metrics["corrupted"]) / 2}


def answer_loss(out: Output, windows: ComposedWindows, targets: Targets) -> Tensor:
    """The loss of the answers, and the model's own losses."""
    return targets.loss(out.logits, windows.label) + own_loss(out.parts)


def masked_logits(model: FusionModel, embeddings: np.ndarray, batch: int = 1024) -> Tensor:
    """Class logits of windows (n, 3, D) under every mask, shape (n, 7, C); no gradient."""
    return masked_outputs(model, embeddings, batch)[1]


def masked_outputs(
    model: FusionModel, embeddings: np.ndarray, batch: int = 1024
) -> tuple[Tensor, Tensor]:
    """z (n, 7, Z) and class logits (n, 7, C) of windows (n, 3, D) under every mask; no gradient."""
    bits = mask_bits()
    model.eval()
    zs, logits = [], []
    with torch.no_grad():
        for begin in range(0, len(embeddings), batch):
            some = torch.from_numpy(embeddings[begin : begin + batch])
            n = len(some)
            repeated = some[:, None].expand(-1, len(bits), -1, -1).flatten(0, 1)
            out = model.on_embeddings(repeated, bits.repeat(n, 1))
            zs.append(out.z.float().reshape(n, len(bits), -1))
            logits.append(out.logits.float().reshape(n, len(bits), -1))
    return torch.cat(zs), torch.cat(logits)


def load_fusion(
    config: FusedConfig, run: Path, before_transfer: bool = False, classes: int = len(LABELS)
) -> FusionModel:
    """The best epoch's model, in eval mode: of the transfer where the configuration has one.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    stage = BASE if before_transfer else fusion_stage(config)
    return checkpoint.load_best(build(config, classes), run / stage)


def fusion_stage(config: FusedConfig) -> str:
    """The folder of the final fusion model."""
    return BASE if config.transfer is None else TRANSFERRED
