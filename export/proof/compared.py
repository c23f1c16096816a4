"""One comparison of an engine with the reference: a row of the proof."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge.bundle.finite import run_finite
from edge.bundle.manifest import Manifest
from edge.engines import Engine, Precision
from edge.errors import EngineError
from edge.types import Float
from export.proof.cases import EXTREME, Asked


@dataclass(frozen=True)
class Compared:
    """One graph of one engine on one kind of inputs.

    Attributes:
        cases: Inputs of this kind.
        difference: Largest absolute difference from the reference, in any output; None without a
            reference.
        allowed: The largest that is allowed there; None where the difference is only reported.
        labels: Share of equal labels, of all masks and cases; None for an encoder.
        failure: Empty, or one sentence.
        holds: Precision of the graph that was compared: fp32 where a plan in reduced precision
            holds that.
    """

    engine: str
    precision: Precision
    graph: str
    kind: str
    cases: int
    difference: float | None = None
    allowed: float | None = None
    labels: float | None = None
    failure: str = ""
    holds: Precision | None = None

    @property
    def passed(self) -> bool:
        """Whether there was no failure."""
        return not self.failure


@dataclass
class Seen:
    """What the cases of one row have shown so far."""

    manifest: Manifest

    difference: float | None = None
    allowed: float | None = None
    same: list[float] = field(default_factory=list)
    failure: str = ""

    def add(self, graph: str, engine: Engine, case: Asked, limit: float | None) -> None:
        found = run_finite(graph, engine, case.inputs)
        if case.wanted is None:
            return
        if not case.wanted or not all(values.size for values in case.wanted.values()):
            raise EngineError(f"The reference has no outputs of {graph}: nothing is compared.")
        if set(case.wanted) != set(engine.spec.outputs):
            raise EngineError(
                f"{engine.device} returns {', '.join(sorted(engine.spec.outputs))} of {graph}, but"
                f" the reference has {', '.join(sorted(case.wanted))}."
            )
        for name, wanted in sorted(case.wanted.items()):
            if name not in found or np.shape(found[name]) != wanted.shape:
                raise EngineError(
                    f"{engine.device} does not return {name} of {graph} in the shape"
                    f" {list(wanted.shape)}."
                )
            # Of an output of hundreds, float32 has fewer decimals.
            scale = max(1.0, float(np.abs(wanted).max())) if case.kind == EXTREME else 1.0
            allowed = None if limit is None else limit * scale
            self._note(graph, name, float(np.abs(found[name] - wanted).max()), allowed)
        if graph == "fusion" and self.manifest.task != "regression":
            self._labels(found["probabilities"], case.wanted["probabilities"], limit)

    def _note(self, graph: str, name: str, difference: float, allowed: float | None) -> None:
        if self.difference is None or difference / (allowed or 1) > self.difference / (
            self.allowed or 1
        ):
            self.difference, self.allowed = difference, allowed
        if allowed is not None and not difference <= allowed and not self.failure:
            self.failure = f"{name} of {graph} differs by {difference:.1e}, allowed is {allowed}."

    def _labels(self, found: Float, wanted: Float, limit: float | None) -> None:
        if self.manifest.thresholds is None:
            same = found.argmax(axis=1) == wanted.argmax(axis=1)
            two = np.sort(wanted, axis=1)[:, -2:]
            clear = two[:, 1] - two[:, 0] > 2 * (limit or np.inf)
        else:
            over = np.array(self.manifest.thresholds, np.float32)
            same = (found > over) == (wanted > over)
            clear = np.abs(wanted - over) > (limit or np.inf)
        self.same.append(float(same.mean()))
        if (clear & ~same).any() and not self.failure:
            self.failure = "Another label is found where the reference is sure of its own."

    def result(
        self, engine: str, precision: Precision, graph: str, kind: str, cases: int
    ) -> Compared:
        same = float(np.mean(self.same)) if self.same else None
        seen = (self.difference, self.allowed, same, self.failure)
        return Compared(engine, precision, graph, kind, cases, *seen)
