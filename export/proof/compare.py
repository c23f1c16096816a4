"""Compare engines with torch on golden, random and extreme inputs, and show that the comparison
would find a wrong engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.bundle import Bundle
from edge.bundle.finite import run_finite
from edge.engines import Engine, Precision
from edge.errors import EngineError
from export.proof.cases import EXTREME, GOLDEN, KINDS, NOT_FINITE, RANDOM, Asked
from export.proof.compared import Compared, Seen
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
    items (`export.proof.metric_gate`). Where a plan holds the fp32 graph, it is judged as FP32.

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
        holds: Precision = held_by(opened) or precision
        for kind in KINDS:
            asked = [case for case in cases.get(graph, []) if case.kind == kind]
            if not asked and kind == GOLDEN:
                raise EngineError(f"{graph} of {engine} has no golden case to be compared with.")
            if not asked:
                continue
            seen = Seen(bundle.manifest)
            try:
                for case in asked:
                    if kind == NOT_FINITE:
                        _refuse(graph, opened, case)
                    else:
                        counts = kind in _JUDGED[holds]
                        limit = bundle.manifest.tolerance_of(holds) if counts else None
                        seen.add(graph, opened, case, limit)
            except EngineError as error:
                seen.failure = str(error)
            row = seen.result(engine, precision, graph, kind, len(asked))
            found.append(replace(row, holds=holds))
    return found


def held_by(engine: Engine) -> Precision | None:
    """The precision of the graph in the engine's plan; None: it reads none."""
    return getattr(engine, "held", None)


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
