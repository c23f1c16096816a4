"""The batches of CDaT's transfer on live windows: those with a label, and as many without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from train.config import Fit
from train.stages.fusion import CLEAN_SHARE, MaskedWindows
from train.stages.window_splits import WindowSplits


@dataclass(frozen=True)
class TransferBatch:
    """B windows, of which the first `len(label)` have a label."""

    embeddings: NDArray[np.float32]
    """(B, 3, D)."""
    mask: Tensor
    """(B, 3), under which each is answered."""
    label: NDArray[np.int64]


class TransferBatches:
    """Draws them. The windows with a label are those that fusion would draw, whether there are
    others or not."""

    def __init__(self, source: MaskedWindows, windows: WindowSplits) -> None:
        self._source, self._unlabelled = source, windows.unlabelled

    def __call__(self, section: Fit, rng: np.random.Generator) -> Iterator[TransferBatch]:
        """An epoch of `section.samples` windows with a label."""
        (others_rng,) = rng.spawn(1)  # takes no number of `rng`
        for drawn, mask in self._source.batches(section, rng):
            if self._unlabelled is None:
                yield TransferBatch(drawn.embeddings, mask, drawn.label)
                continue
            others = self._unlabelled.draw(len(drawn), others_rng, CLEAN_SHARE)
            _, its_mask = self._source.masked(others, others_rng)
            yield TransferBatch(
                np.concatenate([drawn.embeddings, others.embeddings]),
                torch.cat([mask, its_mask]),
                drawn.label,
            )
