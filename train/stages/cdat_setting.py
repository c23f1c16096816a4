"""One seed of a CDaT configuration on one corpus: networks, outputs and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from edge.errors import DataError
from train import checkpoint
from train.cache import digest
from train.metrics import task_metrics
from train.models.confidence import ConfidNet
from train.models.fusion import MODELS, FusionModel, Output
from train.stages.cdat_config import CdatConfig
from train.stages.tensors import TensorPart, TensorSplits
from train.task import PRIMARY_METRIC, Task

WHOLE = torch.ones(1, 3)


@dataclass(frozen=True)
class Setting:
    """One seed of a configuration on one corpus; `folder` holds its stages."""

    config: CdatConfig
    splits: TensorSplits
    seed: int
    folder: Path

    def model(self) -> FusionModel:
        """A fresh fusion model; the same weights for the same seed."""
        torch.manual_seed(self.seed)
        kind = MODELS[self.config.model.kind]
        own = self.config.model
        return kind(self.splits.dims, self.splits.outputs, own.hidden, own.dropout)

    @cached_property
    def identity(self) -> str:
        """Digest of model, seed, splits and data: what all stages of a folder must share."""
        facts = (self.config.corpus, self.config.options, self.config.model.model_dump())
        shares = (self.config.val_share, self.config.held_out_share)
        return digest("cdat", 2, *facts, *shares, self.seed, self.splits.fingerprint())

    def key(self, *parts: object) -> str:
        """Digest of everything that a stage depends on, after that of `identity`."""
        return f"{self.identity} {digest(*parts)}"

    def load(self, name: str) -> FusionModel:
        """The best epoch of a stage, in eval mode.

        Raises:
            DataError: The stage has not been run, or was run with another model, seed or data.
        """
        model = checkpoint.load_best(self.model(), self.folder / name)
        self._check(name)
        return model

    def _check(self, stage: str) -> None:
        """A stage of another seed or data would be tested on what it was trained with."""
        path = self.folder / stage / checkpoint.BEST
        _, facts = checkpoint.load(path)
        if str(facts.get("key")).split(" ")[0] != self.identity:
            raise DataError(
                f"{path} was trained with another seed, data folder or configuration: run the"
                " stage again, or give another folder with --out."
            )

    def load_confidnet(self, z: int, name: str = "confidnet") -> ConfidNet:
        """ConfidNet of this setting, in eval mode. Raises: as `load`."""
        confidnet = checkpoint.load_best(fresh_confidnet(self, z), self.folder / name)
        self._check(name)
        return confidnet


def outputs_of(model: FusionModel, split: TensorPart, mask: Tensor = WHOLE) -> Output:
    """A model's outputs on a whole split, without gradient, in eval mode.

    Args:
        mask: (1, 3) or (N, 3).
    """
    model.eval()
    with torch.no_grad():
        out: Output = model(*split.streams, mask.expand(len(split), 3))
        return out


def is_right(task: Task, logits: Tensor, targets: Tensor, scale: float) -> Tensor:
    """Whether each prediction is right, bool (B,): the class; all labels; all values within one
    standard deviation `scale` of the training targets."""
    if task == "classes":
        return logits.argmax(dim=1) == targets
    if task == "labels":
        return ((logits > 0) == (targets > 0.5)).all(dim=1)
    return ((logits - targets).abs() <= scale).all(dim=1)


def fresh_confidnet(setting: Setting, z: int) -> ConfidNet:
    """An untrained ConfidNet for vectors of size z; the same weights for the same seed."""
    torch.manual_seed(setting.seed + 1)
    return ConfidNet(z, setting.config.confide.width, setting.config.confide.dropout)


def scored(task: Task, logits: Tensor, targets: Tensor) -> dict[str, float]:
    """The metrics of a task, and `score`, with which epochs and settings are chosen."""
    found = task_metrics(task, logits, targets)
    if task != "classes":
        return found | {"score": found[PRIMARY_METRIC[task]]}
    # The loss term decides between two epochs with equal macro-F1 and accuracy.
    return found | {"score": found["macro_f1"] + found["accuracy"] - 0.1 * found["nll"]}
