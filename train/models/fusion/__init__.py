"""Fusion models with one interface."""

from __future__ import annotations

from train.models.fusion.base import FusionModel, Output, StreamBatch, mask_bits
from train.models.fusion.early import Early
from train.models.fusion.late import Late
from train.models.fusion.misa import MISA
from train.models.fusion.tailor import TAILOR
from train.models.fusion.tfn import TFN

__all__ = ["MODELS", "FusionModel", "Late", "Output", "StreamBatch", "mask_bits"]

MODELS: dict[str, type[Early] | type[TFN] | type[MISA] | type[TAILOR] | type[Late]] = {
    "early": Early,
    "tfn": TFN,
    "misa": MISA,
    "tailor": TAILOR,
    "late": Late,
}
"""Fusion models by their name in configurations."""
