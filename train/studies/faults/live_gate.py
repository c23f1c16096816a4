"""The gate of the runtime as a policy: its code, with the thresholds of the bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import GateSpec
from edge.recognition.agreement import expressed
from edge.recognition.earlier import Earlier
from edge.recognition.gate import Decision, GateState, Sensed, decide
from edge.types import STREAMS, Float
from train.corpora.labels import LABELS
from train.studies.faults.policies import NONE, Policy, Predictions, Seen


@dataclass(frozen=True)
class Answers:
    """What the gate answers in R runs of S steps."""

    labels: Predictions
    """(R, S); `NONE` where no stream is left."""
    claimed: Float
    """(R, S), the probability of the label; 0 where there is none."""
    confidence: Float
    """(R, S), the confidence; 0 where there is no label."""


def gate_policy(spec: GateSpec) -> Policy:
    """`edge.recognition.gate`, and what dropped streams gave earlier (`edge.recognition.earlier`)
    where the windows are known."""
    return lambda seen: gate_answers(spec, seen).labels


def gate_answers(spec: GateSpec, seen: Seen) -> Answers:
    """Run the gate over every run."""
    shape = seen.usable.shape[:2]
    labels = np.full(shape, NONE, np.int64)
    claimed, sure = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for run in range(shape[0]):
        gate = _Gate(spec, seen, run)
        for step in range(shape[1]):
            decision, outputs = gate.step(step)
            if decision.row is not None:
                row = outputs[decision.row]
                labels[run, step], claimed[run, step] = row.argmax(), row.max()
                sure[run, step] = decision.confidence or 0.0
    return Answers(labels, claimed, sure)


class _Gate:
    """The gate in one run, as `edge.recognition.recognizer` has it."""

    def __init__(self, spec: GateSpec, seen: Seen, run: int) -> None:
        self._spec, self._seen, self._run = spec, seen, run
        self._state, self._earlier = GateState(), Earlier()

    def step(self, step: int) -> tuple[Decision, Float]:
        """The decision, and the outputs (7, C) that it is about."""
        seen, run = self._seen, self._run
        there: NDArray[np.bool_] = seen.usable[run, step]
        unexplained: dict[str, str | None] = dict.fromkeys(STREAMS)
        outputs = seen.probabilities[run, step]
        sensed = Sensed(
            seen.confidence[run, step],
            seen.reliability[run, step],
            frozenset(stream for stream, one in zip(STREAMS, there, strict=True) if one),
            unexplained,
            unexplained,
            answers=expressed(outputs[: len(STREAMS)], LABELS),
        )
        self._state, decision = decide(self._spec, self._state, sensed)
        if seen.windows is None:
            return decision, outputs
        present = seen.windows.delivering(run, step)
        left = seen.windows.left(run, step, self._earlier.until_ns)
        counted = self._earlier.windows(decision, left, present)
        windows = seen.windows.of(run, step)
        self._earlier.follow(decision, windows, seen.windows.ends_ns[step], present)
        if counted:
            used = decision.used.union(counted)
            fused = seen.windows.fuse({**windows, **counted}, used)
            decision = self._earlier.decision(self._spec, decision, counted, fused)
            outputs = fused.outputs
        return decision, outputs
