"""How long after a change of emotion each policy tells the new one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.studies.faults.policies import Predictions
from train.studies.faults.timeline import STEP_S

SETTLED = 4
"""Steps in a row with the new label, after which it counts as told: a second."""


def told_after(
    predictions: Predictions, label: NDArray[np.int64], during: NDArray[np.bool_]
) -> dict[str, Any]:
    """How often, and after how long, the new label is told.

    Args:
        predictions: (R, S).
        label: (R,), the new labels.
        during: bool (S,), the steps from the change on.

    Returns:
        `share` of the runs in which it is told, and of these the `median_s` from the change to the
        end of the first of `SETTLED` windows with it, or None.
    """
    right = predictions[:, during] == label[:, None]
    windows = np.lib.stride_tricks.sliding_window_view(right, SETTLED, axis=1)
    settled: NDArray[np.bool_] = np.all(windows, axis=2)
    told = np.any(settled, axis=1)
    first_s = (settled.argmax(axis=1)[told] + 1) * STEP_S
    return {
        "share": round(float(told.mean()), 4),
        "median_s": round(float(np.median(first_s)), 3) if told.any() else None,
    }
