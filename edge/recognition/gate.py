"""The gate: policy, not network. Which streams to use, from confidences and its own small state.

    trust(m)  running mean of worth(m): how much its present condition leaves of what m has to say
    harm(m)   max c(S without m) - max c(S with m) over the masks at hand

A stream closes when its trust falls below `drop`, or it harms by more than `harm_margin`. It
reopens when its trust has stayed above `readmit`, doing no such harm, for `readmit_steps` in a row:
quick to drop, slow to readmit. Pure: the same readings and state give the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import GateSpec
from edge.types import MASKS, STREAMS, Float

_ROW = {frozenset(mask): row for row, mask in enumerate(MASKS)}


@dataclass(frozen=True, slots=True)
class Sensed:
    """One step's readings.

    `confidence` (7,), a row a mask, and `worth` (3,), a value a stream in the order of `STREAMS`,
    are the confidence network's. `usable` are the streams that have
    evidence in the window and are neither stale nor gone. `signals` names what measurement says is
    wrong with a stream, `closed` why an unusable one is unusable; an unconfigured one has None.
    """

    confidence: Float
    worth: Float
    usable: frozenset[str]
    signals: Mapping[str, str | None]
    closed: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate remembers between steps."""

    running: Float = field(default_factory=lambda: np.full(len(MASKS), np.nan, np.float32))
    """Mean confidence by mask."""
    trust: Float = field(default_factory=lambda: np.full(len(STREAMS), np.nan, np.float32))
    """Mean worth by stream."""
    shut: frozenset[str] = frozenset()
    well_steps: Mapping[str, int] = field(default_factory=dict)
    """For a shut stream: how many steps in a row it has looked well."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`row` of the chosen mask in `MASKS`, or None when no stream is left; reasons by stream."""

    row: int | None
    used: frozenset[str]
    reasons: Mapping[str, str | None]
    trust: Mapping[str, float | None]
    confidence: float | None
    abstains: bool


def decide(spec: GateSpec, state: GateState, sensed: Sensed) -> tuple[GateState, Decision]:
    """One step of the gate; gives the next state and the decision."""
    usable_masks = np.array([set(mask) <= sensed.usable for mask in MASKS])
    usable_streams = np.array([stream in sensed.usable for stream in STREAMS])
    running = _running_mean(spec, state.running, sensed.confidence, usable_masks)
    trusts = _running_mean(spec, state.trust, sensed.worth, usable_streams)
    shut: set[str] = set()
    well_steps: dict[str, int] = {}
    reasons: dict[str, str | None] = {}
    trust: dict[str, float | None] = {}
    for stream, own in zip(STREAMS, trusts.tolist(), strict=True):
        if stream not in sensed.usable:
            reasons[stream] = sensed.closed.get(stream)
            trust[stream] = None
            # A stream that vanished while shut has to earn its way back as before.
            if stream in state.shut:
                shut.add(stream)
            continue
        trust[stream] = own
        limits = spec.trust[stream]
        harmful = _harm(running, sensed.usable, stream) > spec.harm_margin
        if stream in state.shut:
            well = own >= limits.readmit and not harmful
            well_steps[stream] = state.well_steps.get(stream, 0) + 1 if well else 0
            stays_shut = well_steps[stream] < spec.readmit_steps
        else:
            stays_shut = own < limits.drop or harmful
        if stays_shut:
            shut.add(stream)
            reasons[stream] = sensed.signals.get(stream) or "low_confidence"
        else:
            reasons[stream] = None
    used = sensed.usable - shut
    row = _ROW.get(frozenset(used))
    confidence = None if row is None else float(running[row])
    abstains = confidence is None or confidence < spec.abstain_below
    decision = Decision(row, frozenset(used), reasons, trust, confidence, abstains)
    return GateState(running, trusts, frozenset(shut), well_steps), decision


def _running_mean(spec: GateSpec, mean: Float, newest: Float, usable: NDArray[np.bool_]) -> Float:
    """Exponential; what is not usable is NaN and starts afresh later."""
    blended = spec.smoothing * newest + (1 - spec.smoothing) * mean
    blended = np.where(np.isnan(mean), newest, blended)
    return np.where(usable, blended, np.nan).astype(np.float32)


def _harm(running: Float, usable: frozenset[str], stream: str) -> float:
    with_it = [running[r] for s, r in _ROW.items() if s <= usable and stream in s]
    without = [running[r] for s, r in _ROW.items() if s <= usable and stream not in s]
    return float(max(without) - max(with_it)) if without else 0.0
