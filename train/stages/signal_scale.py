"""The measured signals' middle and spread, by which the confidence network scales them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from edge.types import STREAMS
from train.models.reliability import MaskedConfidence
from train.stages.stream_windows import StreamWindows

MIN_DEVIATION = 1e-3
MIN_SHARE_OF_DEVIATION = 0.15


def measure_signals(model: MaskedConfidence, stream_windows: dict[str, StreamWindows]) -> None:
    """Set the graph's normalisation to the signals' mean and standard deviation on clean windows.

    With the deviation of all windows, a picture frozen for 1 s would be close to a live one.
    Clipping is 0 in nearly every clean window, so a fraction of the deviation with faults is the
    lower bound.
    """
    mean, deviation = zip(
        *(signal_scale(stream_windows[stream]) for stream in STREAMS), strict=True
    )
    model.reliability.mean.copy_(torch.from_numpy(np.concatenate(mean)))
    model.reliability.deviation.copy_(torch.from_numpy(np.concatenate(deviation)))


def signal_scale(one: StreamWindows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (Q,) of one stream's signals for `measure_signals`."""
    clean = one.quality[one.clean]
    least = np.maximum(MIN_SHARE_OF_DEVIATION * one.quality.std(axis=0), MIN_DEVIATION)
    return clean.mean(axis=0), np.maximum(clean.std(axis=0), least)
