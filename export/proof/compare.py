"""Compare engines with torch on golden, random and extreme inputs, and show that the comparison
would find a wrong engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edge.bundle import Bundle
from edge.bundle.finite import run_finite
from edge.bundle.manifest import Manifest
from edge.engines import Engine, Precision
from edge.errors import EngineError
from edge.types import Float
from export.proof.cases import EXTREME, GOLDEN, KINDS, NOT_FINITE, RANDOM, Asked
from export.proof.control import control_engines
from export.proof.passes import Engines

CONTROL = "control"
"""The kind of a negative control's rows."""
_JUDGED: dict[Precision, tuple[str, ...]] = {
    "fp32": (GOLDEN, RANDOM, EXTREME),
    "fp16": (GOLDEN, RANDOM),
    "int8": (GOLDEN,),
}
"""Kinds of input on which a difference fails; on the others it is reported."""


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

    @property
    def passed(self) -> bool:
        """Whether there was no failure."""
        return not self.failure


def compare(
    bundle: Bundle,
    engine: str,
    precision: Precision,
    engines: Engines,
    cases: dict[str, list[Asked]],
) -> list[Compared]:
    """Compare every graph on every kind of inputs.

    Golden outputs count in every precision, random inputs not in INT8, whose ranges are those of
    real items, and extreme inputs in FP32 only. What reduced precision costs is measured on real
    items (`export.proof.metric_gate`).

    Args:
        engine: The engine's name, for the result.
        engines: By graph.
        cases: By graph.

    Raises:
        EngineError: Nothing would be compared.
    """
    if not engines or not any(cases.get(graph) for graph in engines):
        raise EngineError(f"Nothing of {engine} would be compared: there is no graph or no case.")
    found = []
    for graph, opened in engines.items():
        for kind in KINDS:
            asked = [case for case in cases.get(graph, []) if case.kind == kind]
            if not asked and kind == GOLDEN:
                raise EngineError(f"{graph} of {engine} has no golden case to be compared with.")
            if not asked:
                continue
            seen = _Seen(bundle.manifest)
            try:
                for case in asked:
                    if kind == NOT_FINITE:
                        _refuse(graph, opened, case)
                    else:
                        counts = kind in _JUDGED[precision]
                        limit = bundle.manifest.tolerance_of(precision) if counts else None
                        seen.add(graph, opened, case, limit)
            except EngineError as error:
                seen.failure = str(error)
            found.append(seen.result(engine, precision, graph, kind, len(asked)))
    return found


def negative_control(
    bundle: Bundle, precision: Precision, golden: dict[str, list[Asked]]
) -> list[Compared]:
    """Compare the golden outputs with those of other weights; each graph must fail.

    Returns:
        A row for each graph, with a failure where the other weights pass.
    """
    rows = []
    with control_engines(bundle) as engines:
        for row in compare(bundle, "other weights", precision, engines, golden):
            told = (
                f"Other weights of {row.graph} pass the comparison in {precision} (they differ by"
                f" {row.difference:.1e}, and {row.allowed} is allowed): it shows nothing."
                if row.passed
                else ""
            )
            rows.append(replace(row, kind=CONTROL, failure=told))
    return rows


@dataclass
class _Seen:
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


def _refuse(graph: str, engine: Engine, case: Asked) -> None:
    """What is not finite must not become a label."""
    try:
        run_finite(graph, engine, case.inputs)
    except EngineError:
        return
    raise EngineError(f"{engine.device} turns inputs of {graph} that are not finite into outputs.")


def failures(rows: Sequence[Compared]) -> list[str]:
    """One sentence for each row that failed."""
    return [
        f"{row.engine} {row.precision}, {row.graph}, {row.kind}: {row.failure}"
        for row in rows
        if row.failure
    ]
