"""After ConfidNet: its confidence becomes the share of right answers, on validation windows."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from edge.types import MASK_BITS, MASKS
from train import checkpoint, hardware
from train.fusion_config import FusedConfig
from train.loop import generator
from train.models.calibration import Calibration, log_odds
from train.models.fusion import FusionModel
from train.models.reliability import MaskedConfidence
from train.stages.fusion import masked_outputs
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

FILE = "calibration.safetensors"
WINDOWS = 4000
FEWEST = 20
"""Windows with all streams of a mask from which its calibration is fitted."""
PRIOR, WEIGHT = np.array([0.5, 0.5, 0.0]), 0.01
"""A mask with few windows stays near the mean of both scores: `WEIGHT` times the squared distance
is added to the mean log loss."""


def calibrate(
    config: FusedConfig,
    fusion: FusionModel,
    model: MaskedConfidence,
    windows: WindowSplits,
    folder: Path,
    key: str,
) -> None:
    """Fit `model.calibration` on windows of validation people without a fault, and keep it in
    `folder`. Only answers of one label have such a share: another task stays as it is.

    Args:
        key: digest of the fusion model and of ConfidNet.
    """
    if (folder / FILE).is_file() and checkpoint.load(folder / FILE)[1]["key"] == key:
        return
    weights = Calibration().weights.clone()
    if windows.targets.task == "classes":
        weights = _fitted(config, fusion, model, windows, weights)
    checkpoint.save(folder / FILE, {"weights": weights}, {"key": key})
    hardware.fabric().barrier()  # the first process alone writes


def _fitted(
    config: FusedConfig,
    fusion: FusionModel,
    model: MaskedConfidence,
    windows: WindowSplits,
    weights: Tensor,
) -> Tensor:
    drawn = windows.composer("val").draw(
        WINDOWS, generator(config.seed, "calibrate", "val"), clean_share=1.0
    )
    z, logits = masked_outputs(fusion, drawn.embeddings)
    with torch.no_grad():
        tcp = model.tcp(z, torch.from_numpy(drawn.embeddings))
    probabilities = torch.softmax(logits, dim=2)
    right = probabilities.argmax(dim=2).numpy() == drawn.label[:, None]
    whole = ~(~drawn.present[:, None] & MASK_BITS).any(axis=2)
    scores = torch.stack([log_odds(tcp), log_odds(probabilities.amax(dim=2))], dim=2).numpy()
    for row, mask in enumerate(MASKS):
        some = whole[:, row]
        if some.sum() < FEWEST:
            continue
        found = fit_shares(scores[some, row], right[some, row])
        weights[row] = torch.from_numpy(found)
        a, b, c = found
        log.info("confidence with %s: %.2f TCP, %.2f probability, %.2f", "+".join(mask), a, b, c)
    return weights


def fit_shares(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.float32]:
    """a, b >= 0 and c of `Calibration`, by the likelihood of right and wrong answers.

    Args:
        scores: (n, 2), log odds of the TCP and of the largest probability.
        right: (n,).
    """
    values = np.column_stack([scores.astype(np.float64), np.ones(len(scores))])
    sign = np.where(right, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (values @ weights)
        pull = weights - PRIOR
        slope = -(sign / (1 + np.exp(margin)))[:, None] * values
        return (
            float(np.logaddexp(0, -margin).mean() + WEIGHT * (pull**2).sum()),
            slope.mean(axis=0) + 2 * WEIGHT * pull,
        )

    bounds = [(0.0, None), (0.0, None), (None, None)]
    found = minimize(loss, PRIOR, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, np.float32)


def load_calibration(model: MaskedConfidence, folder: Path) -> None:
    """Set `model.calibration` to what `calibrate` kept in `folder`.

    Raises:
        DataError: The stage has not been run to its end.
    """
    path = folder / FILE
    checkpoint.load_into(model.calibration, checkpoint.load(path)[0], path)
