"""Choose the gate's thresholds on validation, and measure how reliability separates faults."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faults import CLEAN
from edge.types import MASK_BITS, MASK_ROWS, STREAMS
from train.config import Gate
from train.metrics import auroc
from train.stages.composed_windows import ComposedWindows
from train.stages.stream_windows import StreamWindows

Floats = NDArray[np.float32]
CONTRADICTION = -1.25
"""For every run: chosen on validation identities of the study of faults (docs/faults.md)."""


def interference(confidence: Floats, stream: str) -> Floats:
    """Confidence of the best mask without `stream` less that of the best mask with it, shape (n,).

    Args:
        confidence: shape (n, 7).
    """
    with_it = [row for s, row in MASK_ROWS.items() if stream in s]
    without = [row for s, row in MASK_ROWS.items() if stream not in s]
    return np.asarray(confidence[:, without].max(axis=1) - confidence[:, with_it].max(axis=1))


def choose_gate(
    gate: Gate,
    confidence: Floats,
    clean: Floats,
    clean_windows: ComposedWindows,
    corrupted: Floats,
    windows: ComposedWindows,
    stream_windows: dict[str, StreamWindows],
    labels: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choose the gate's section of the manifest, and give the validation metrics of the choice.

    Args:
        confidence: confidences (n, 7) of `clean_windows`, which have no fault.
        clean: reliabilities (n, 3) of the same windows.
        corrupted: reliabilities (k, 3) of `windows`, in which any stream may be corrupted.
        stream_windows: stream windows of which both were composed.
        labels: number of labels; chance is 1 / labels.

    Returns:
        Fields of `edge.bundle.manifest.GateSpec`, and metrics by stream.
    """
    limits, seen = {}, {}
    for column, stream in enumerate(STREAMS):
        well, here = clean_windows.clean[:, column], windows.measured[:, column]
        rows = windows.rows[here, column]
        fault, severity = stream_windows[stream].fault[rows], stream_windows[stream].severity[rows]
        limits[stream], seen[stream] = of_stream(
            gate, clean[well, column], corrupted[here, column], fault, severity
        )
    return confidence_limits(gate, confidence, clean_windows, 1 / labels) | {
        "reliability": limits
    }, seen


def confidence_limits(
    gate: Gate, confidence: Floats, windows: ComposedWindows, chance: float
) -> dict[str, Any]:
    """Choose the fields of `edge.bundle.manifest.GateSpec` that do not depend on reliability.

    Args:
        confidence: confidences (n, 7) of `windows`, which have no fault.
        chance: the confidence that an answer without any evidence deserves (`Targets.chance`).
    """
    # Of a stream that is absent there is nothing to be said.
    present = windows.present
    confidence = np.where((~present[:, None] & MASK_BITS).any(axis=2), 0.0, confidence)
    harm = np.stack([interference(confidence, stream) for stream in STREAMS], axis=1)
    worst_interference = np.where(present, harm, -1.0).max(axis=1)
    margin = float(np.clip(np.quantile(worst_interference, 1 - gate.clean_drop / 2), 0.02, 1.0))
    whole = confidence[np.arange(len(windows)), windows.whole]
    unsure = float(np.quantile(whole, gate.clean_abstain))
    return {
        "interference_margin": round(margin, 4),
        "smoothing": gate.smoothing,
        "readmit_steps": gate.readmit_steps,
        "abstain_below": round(min(unsure, gate.max_abstain * chance), 4),
        "contradiction": CONTRADICTION,
    }


def of_stream(
    gate: Gate, clean: Floats, own: Floats, fault: NDArray[np.str_], severity: Floats
) -> tuple[dict[str, float], dict[str, Any]]:
    """Choose one stream's `edge.bundle.manifest.ReliabilitySpec`, and give its metrics.

    Args:
        clean: reliabilities of windows without a fault.
        own: reliabilities (k,) of windows with and without a fault; `fault` (k,) and `severity`
            (k,) are those of the windows.
    """
    severe = (fault != CLEAN) & (severity >= gate.severe)
    drop = min(gate.max_drop, _drop(clean, own[severe], gate.clean_drop))
    readmit = drop + 0.25 * max(0.0, float(np.median(clean)) - drop)
    limits = {"drop": round(drop, 4), "readmit": round(readmit, 4)}
    return limits, seen_of_stream(gate, drop, clean, own, fault, severity)


def seen_of_stream(
    gate: Gate,
    drop: float,
    clean: Floats,
    own: Floats,
    fault: NDArray[np.str_],
    severity: Floats,
) -> dict[str, Any]:
    """How well a threshold separates faults, as `train.run_report.ReliabilityOnValidation` has it.
    Arguments as in `of_stream`."""
    severe = (fault != CLEAN) & (severity >= gate.severe)
    names = np.unique(fault[severe])
    return {
        "clean_below_drop": float(np.mean(clean < drop)),
        "severe_below_drop": float(np.mean(own[severe] < drop)) if severe.any() else None,
        "clean_median": float(np.median(clean)),
        "auroc_by_fault": {
            str(name): auroc(
                np.concatenate([clean, own[severe & (fault == name)]]),
                np.arange(len(clean) + int((severe & (fault == name)).sum())) < len(clean),
            )
            for name in names
        },
        "below_drop_by_fault": {
            str(name): float(np.mean(own[severe & (fault == name)] < drop)) for name in names
        },
    }


def _drop(clean: Floats, severe: Floats, allowed: float) -> float:
    """The threshold below which the share `allowed` of the clean windows lies, or a lower one if
    that is enough to detect severe faults.

    Faces and voices of other corpora have lower reliabilities than these. So if there is a gap
    between clean windows and severe faults, the threshold is in its middle.
    """
    limit = float(np.quantile(clean, allowed))
    if not len(severe):
        return limit
    needed = float(np.quantile(severe, 0.9))
    return limit if needed >= limit else (limit + needed) / 2
