"""What a cell is measured with: the fused answer, each stream alone, and one stream corrupted."""

from __future__ import annotations

import torch
from torch import Tensor

from edge.types import STREAMS
from train.loop import generator
from train.models.fusion import FusionModel, StreamBatch
from train.stages.cdat_setting import WHOLE, outputs_of
from train.stages.tensors import TensorPart, TensorSplits

NOISE = 3.0
"""Deviation of the noise on a corrupted stream, in standard deviations of each feature."""


def answers(model: FusionModel, splits: TensorSplits, seed: int) -> dict[str, list[int]]:
    """The class that the model answers for each test sample, by measure: `fused`, `alone_X` (the
    other streams masked) and `corrupted_X` (noise on X) for each stream X of the corpus.

    Args:
        seed: of the noise, which is the same for all cells of a seed.
    """
    found = {"fused": _classes(model, splits.test, WHOLE)}
    for place, name in enumerate(STREAMS):
        if splits.dims[place]:
            found[f"alone_{name}"] = _classes(model, splits.test, torch.eye(3)[place][None])
    for place, name in enumerate(STREAMS):
        if splits.dims[place]:
            noisy = corrupted(splits.test, place, seed)
            found[f"corrupted_{name}"] = _classes(model, noisy, WHOLE)
    return found


def corrupted(part: TensorPart, place: int, seed: int) -> TensorPart:
    """The samples with noise on one stream."""
    stream = part.streams[place]
    rng = generator(seed, "corrupted", place)
    noise = torch.from_numpy(rng.standard_normal(stream.x.shape, dtype="float32"))
    x = stream.x + NOISE * stream.x.flatten(0, 1).std(dim=0) * noise
    text, audio, vision = (
        StreamBatch(x, *one[1:]) if k == place else one for k, one in enumerate(part.streams)
    )
    return TensorPart((text, audio, vision), part.targets, part.groups)


def _classes(model: FusionModel, part: TensorPart, mask: Tensor) -> list[int]:
    return [int(k) for k in outputs_of(model, part, mask).logits.argmax(dim=1)]
