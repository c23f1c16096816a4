"""Whether CDaT's transfer helped: the model before and after it, on the same test windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.types import MASKS, STREAMS, Float
from train.metrics import intervals
from train.models.fusion import FusionModel
from train.stages.composed_windows import ComposedWindows
from train.stages.divergence import divergence
from train.stages.fusion import load_fusion, masked_logits
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.measure import ROUNDS
from train.stages.targets import Targets

MOST = 1000
"""Windows in the kernel of the divergence, which grows with their square."""

Tested = dict[str, tuple[ComposedWindows, NDArray[np.str_]]]


def transfer_gain(
    config: RecordedConfig, run: Path, targets: Targets, tested: Tested
) -> dict[str, Any] | None:
    """Fields of `train.run_report.TransferGain`; None without a transfer.

    Args:
        tested: "clean" and "faulted": windows, and the person of each.
    """
    if config.transfer is None:
        return None
    classes = len(targets.labels)
    models = [load_fusion(config, run, before, classes) for before in (True, False)]
    rows = {}
    for name, (windows, persons) in tested.items():
        before, after = (targets.answers(masked_logits(m, windows.embeddings)) for m in models)
        every = np.arange(len(windows))
        pair = before.numpy(), after.numpy()
        rows[name] = _row(targets, *pair, every, windows.whole, windows.label, persons)
        for place, stream in enumerate(STREAMS) if name == "clean" else ():
            here = np.flatnonzero(windows.present[:, place])
            if len(here):
                alone = np.full(len(windows), MASKS.index((stream,)))
                rows[f"{stream} alone"] = _row(targets, *pair, here, alone, windows.label, persons)
    clean = tested["clean"][0]
    origin = config.transfer.origin_of(config.fusion.model.kind)
    kl_before, kl_after = (_divergence(model, clean, origin) for model in models)
    return {"windows": rows, "kl_before_nat": kl_before, "kl_after_nat": kl_after}


def _row(
    targets: Targets,
    before: Float,
    after: Float,
    here: NDArray[np.int64],
    mask: NDArray[np.int64],
    label: NDArray[np.int64],
    persons: NDArray[np.str_],
) -> dict[str, Any]:
    """Of the windows `here`, each answered under its `mask`; answers are (n, 7, C)."""
    was, now = (answers[here, mask[here]] for answers in (before, after))
    right = [targets.right(answers, label[here]).astype(np.float64) for answers in (was, now)]
    low, high = intervals(
        lambda k: (right[0][k].mean(), right[1][k].mean(), (right[1] - right[0])[k].mean()),
        persons[here],
        rounds=ROUNDS,
    )
    bounds = [(round(float(a), 4), round(float(b), 4)) for a, b in zip(low, high, strict=True)]
    return {
        "n": len(here),
        "before": float(right[0].mean()),
        "before_interval": bounds[0],
        "after": float(right[1].mean()),
        "after_interval": bounds[1],
        "gain": float((right[1] - right[0]).mean()),
        "gain_interval": bounds[2],
        "changed": float(targets.changed(was, now).mean()),
    }


@torch.no_grad()
def _divergence(model: FusionModel, windows: ComposedWindows, origin: float) -> float | None:
    some = windows[:: -(-len(windows) // MOST)]
    embeddings = torch.from_numpy(some.embeddings)
    hidden = model.on_embeddings(embeddings, torch.ones(len(some), 3)).hidden - origin
    found = divergence(hidden, torch.from_numpy(some.present).float())
    return None if np.isnan(found) else found
