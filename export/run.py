"""What `cdat-train all` left in a run folder, checked and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from edge.errors import BundleError
from edge.types import STREAMS
from train import checkpoint
from train.config import TrainConfig, validated
from train.models.tfn import TensorFusion
from train.models.trust import Trust
from train.pipeline import CONFIG_NAME
from train.stages.confidence import load_confidence
from train.stages.encoders import load_encoder
from train.stages.fusion import load_fusion


@dataclass(frozen=True)
class TrainedRun:
    """All networks in eval mode, and the run's report."""

    config: TrainConfig
    report: dict[str, Any]
    encoders: dict[str, nn.Module]
    fusion: TensorFusion
    confidence: Trust


def load_run(folder: Path) -> TrainedRun:
    """Load a finished run.

    Raises:
        BundleError: The folder is no run.
        DataError: A part of it is missing or torn.
    """
    if not (folder / CONFIG_NAME).is_file():
        raise BundleError(
            f"{folder} is no training run (it holds no {CONFIG_NAME}): "
            "give the folder that `cdat-train all` wrote."
        )
    path = folder / CONFIG_NAME
    config = validated(checkpoint.read_json(path), str(path))
    report = checkpoint.read_json(folder / "report.json")
    fusion = load_fusion(config, folder)
    return TrainedRun(
        config=config,
        report=report,
        encoders={s: load_encoder(config, s, folder).encoder for s in STREAMS},
        fusion=fusion,
        confidence=load_confidence(config, folder, fusion),
    )
