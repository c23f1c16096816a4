"""The gate: policy, not network. Which streams to use, from confidences and its own small state.

    reliability(m)    running mean of m's reliability
    interference(m)   max c(S without m) - max c(S with m), over the masks whose streams are usable

A stream is dropped when its reliability falls below `drop` (`unreliable`), when it interferes by
more than `interference_margin` or contradicts the others (`disagrees`), or when it is denied
(`not_this_face`, `other_person`). It is readmitted when it was well for `readmit_steps` in a row:
its reliability above `readmit`, no such interference, no contradiction, not denied (`recovering`
until then): quick to drop, slow to readmit. A value that is not a number counts as bad. Pure: the
same readings and state give the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import GateSpec, ReliabilitySpec
from edge.recognition.agreement import Agreement, contradicting, follow, remember
from edge.types import MASK_ROWS, MASKS, STREAMS, Float

UNRELIABLE, DISAGREES, RECOVERING = "unreliable", "disagrees", "recovering"


@dataclass(frozen=True, slots=True)
class Sensed:
    """One step's readings.

    Attributes:
        confidence: Float32 (7,), a row a mask, from the confidence network.
        reliability: Float32 (3,), a value a stream in the order of `STREAMS`.
        usable: The streams that have evidence in the window and are neither stale nor gone.
        signals: What measurement says is wrong with a stream, by stream.
        closed: Why an unusable stream is unusable. None for one that is not configured, and for a
            dropped one whose packets are not processed just now: its last reason still holds.
        denied: Why a stream must not be used however reliable it is.
        answers: Float32 (3, C), each stream's own probabilities, where streams can contradict.
    """

    confidence: Float
    reliability: Float
    usable: frozenset[str]
    signals: Mapping[str, str | None]
    closed: Mapping[str, str | None]
    denied: Mapping[str, str] = field(default_factory=dict)
    answers: Float | None = None


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate remembers between steps."""

    confidence: Float = field(default_factory=lambda: np.full(len(MASKS), np.nan, np.float32))
    """Running mean by mask."""
    reliability: Float = field(default_factory=lambda: np.full(len(STREAMS), np.nan, np.float32))
    """Running mean by stream."""
    dropped: frozenset[str] = frozenset()
    well_steps: Mapping[str, int] = field(default_factory=dict)
    """For a dropped stream: for how many steps in a row it has been well."""
    causes: Mapping[str, str] = field(default_factory=dict)
    """For a dropped stream: why, when it was last judged."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The same by the gate's own rules, whatever its signals show: `unreliable`, `disagrees`,
    `recovering`, or why it was denied."""
    agreement: Agreement = field(default_factory=Agreement)
    contradicts: str | None = None
    """The stream that contradicts the others."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`row` of the chosen mask in `MASKS`, or None when no stream is left; reasons by stream.

    `rules`: as in `GateState`."""

    row: int | None
    used: frozenset[str]
    reasons: Mapping[str, str | None]
    reliability: Mapping[str, float | None]
    confidence: float | None
    abstains: bool
    rules: Mapping[str, str] = field(default_factory=dict)


def decide(spec: GateSpec, state: GateState, sensed: Sensed) -> tuple[GateState, Decision]:
    """One step of the gate; returns the next state and the decision. Neither input is changed."""
    usable_masks = np.array([set(mask) <= sensed.usable for mask in MASKS])
    usable_streams = np.array([stream in sensed.usable for stream in STREAMS])
    confidence = _running_mean(spec, state.confidence, sensed.confidence, usable_masks)
    reliability = _running_mean(spec, state.reliability, sensed.reliability, usable_streams)
    agreement, contradicts = _contradiction(spec, state, sensed, reliability)
    dropped: set[str] = set()
    well_steps: dict[str, int] = {}
    causes: dict[str, str] = {}
    rules: dict[str, str] = {}
    reasons: dict[str, str | None] = {}
    shown: dict[str, float | None] = {}
    for stream, own in zip(STREAMS, reliability.tolist(), strict=True):
        if stream not in sensed.usable:
            reasons[stream] = sensed.closed.get(stream)
            shown[stream] = None
            # A stream that vanished while it was dropped must be readmitted like any other.
            if stream in state.dropped:
                dropped.add(stream)
                causes[stream], rules[stream] = state.causes[stream], state.rules[stream]
                reasons[stream] = reasons[stream] or state.causes[stream]
            continue
        shown[stream] = own
        was_dropped = stream in state.dropped
        interference = _interference(confidence, sensed.usable, stream)
        # This and the other comparisons are written so that NaN is never well.
        interferes = not interference <= spec.interference_margin or stream == contradicts
        cause = sensed.denied.get(stream) or _cause(
            spec.reliability[stream], own, interferes, was_dropped
        )
        if was_dropped and cause is None:
            well_steps[stream] = state.well_steps.get(stream, 0) + 1
            if well_steps[stream] < spec.readmit_steps:
                cause = RECOVERING
        reasons[stream] = None
        if cause is not None:
            dropped.add(stream)
            rules[stream] = cause
            reasons[stream] = causes[stream] = sensed.signals.get(stream) or cause
    used = frozenset(sensed.usable - dropped)
    row = MASK_ROWS.get(used)
    sure = None if row is None else float(confidence[row])
    abstains = sure is None or not sure >= spec.abstain_below
    decision = Decision(row, used, reasons, shown, sure, abstains, rules)
    if sensed.answers is not None:
        agreement = remember(agreement, sensed.answers, np.array([s in used for s in STREAMS]))
    gone = frozenset(dropped)
    next_ = GateState(
        confidence, reliability, gone, well_steps, causes, rules, agreement, contradicts
    )
    return next_, decision


def _contradiction(
    spec: GateSpec, state: GateState, sensed: Sensed, reliability: Float
) -> tuple[Agreement, str | None]:
    """What the streams' own answers say of each other, and the stream that contradicts the others.
    One whose reliability is below its limit, or that is denied, is no witness."""
    if sensed.answers is None or spec.contradiction is None:
        return state.agreement, None
    trusted = [
        stream in sensed.usable
        and stream not in sensed.denied
        and own >= spec.reliability[stream].drop
        for stream, own in zip(STREAMS, reliability.tolist(), strict=True)
    ]
    agreement = follow(state.agreement, sensed.answers, np.array(trusted))
    return agreement, contradicting(agreement, spec.contradiction, state.contradicts)


def _cause(
    limits: ReliabilitySpec, reliability: float, interferes: bool, was_dropped: bool
) -> str | None:
    """Why a usable stream must not be used; None when it is well."""
    if not reliability >= (limits.readmit if was_dropped else limits.drop):
        return UNRELIABLE
    return DISAGREES if interferes else None


def _running_mean(spec: GateSpec, mean: Float, newest: Float, usable: NDArray[np.bool_]) -> Float:
    """Exponential; what is not usable is NaN and starts afresh later."""
    blended = spec.smoothing * newest + (1 - spec.smoothing) * mean
    blended = np.where(np.isnan(mean), newest, blended)
    return np.where(usable, blended, np.nan).astype(np.float32)


def _interference(confidence: Float, usable: frozenset[str], stream: str) -> float:
    with_it = [confidence[r] for s, r in MASK_ROWS.items() if s <= usable and stream in s]
    without = [confidence[r] for s, r in MASK_ROWS.items() if s <= usable and stream not in s]
    return float(max(without) - max(with_it)) if without else 0.0
