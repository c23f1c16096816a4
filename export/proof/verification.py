"""`cdat-export verify`: every engine against torch, the negative control, and the metric gate.

Torch and the corpora are imported for a run or for reduced precision alone: a Jetson has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from edge.bundle import Bundle
from edge.engines import Engine, EngineOptions, Precision, engine_names, open_engine
from edge.errors import EdgeError, EngineError
from export.proof.cases import Asked, further_cases, golden_cases
from export.proof.compare import CONTROL, compare, failures, held_by, negative_control
from export.proof.compared import Compared
from export.proof.metric_figure import GateResult
from export.proof.passes import Engines

if TYPE_CHECKING:
    from export.proof.metric_gate import MetricGate
    from export.proof.real_slice import RealSlice

REFERENCE = "onnxruntime"


@dataclass
class Verification:
    """What a verification found.

    Attributes:
        unopened: Engines that cannot be opened here, by "NAME PRECISION", and why.
        gates: Results of the metric gate, by "NAME PRECISION".
        failures: One sentence each; empty if everything passed.
    """

    rows: list[Compared] = field(default_factory=list)
    unopened: dict[str, str] = field(default_factory=dict)
    gates: dict[str, GateResult] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it, for `json.dump`."""
        return {"passed": not self.failures, **asdict(self)}

    def table(self) -> Table:
        """A row for each engine, graph and kind of input."""
        table = Table("engine", "graph", "inputs", "cases", "difference", "allowed", "labels", "")
        for row in self.rows:
            other = "" if row.holds in (None, row.precision) else f" (holds {row.holds})"
            table.add_row(
                f"{row.engine} {row.precision}{other}",
                row.graph,
                row.kind,
                str(row.cases),
                "" if row.difference is None else f"{row.difference:.1e}",
                "" if row.allowed is None else f"{row.allowed:.1e}",
                "" if row.labels is None else f"{row.labels:.1%}",
                "FAIL" if row.failure else "fails, as it must" if row.kind == CONTROL else "pass",
            )
        return table


def verify(
    bundle: Bundle,
    engines: Sequence[str] = (),
    precisions: Sequence[Precision] = ("fp32",),
    run: Path | None = None,
    items: Callable[[], RealSlice] | None = None,
    cache: Path | None = None,
    device: str = "auto",
) -> Verification:
    """Verify a bundle.

    Args:
        engines: Names; every one of these must open. Without any: those that open here.
        run: The run that the bundle was built from: its networks are then compared with the golden
            outputs, and are the reference on random and extreme inputs. Without it, ONNX Runtime
            in FP32 is, for the other engines.
        items: Reads real items; called once, if an engine in reduced precision opens.
        cache: Folder of the compiled plans. None: the user's cache folder.
        device: Of the engines that are compared; the reference is on the processor.

    Raises:
        ConfigError: There is no engine of a name.
        BundleError: The bundle or the run does not fit, or has no golden outputs.
        EngineError: No engine opens, so nothing would be compared.
    """
    out = Verification()
    golden = golden_cases(bundle)
    with ExitStack() as stack:
        reference = _opened(bundle, REFERENCE, EngineOptions(device="cpu"), stack)
        trained: Engines | None = None
        if run is not None:
            from export.proof.torch_engine import torch_engines

            trained = torch_engines(bundle, run)
            out.rows += compare(bundle, "torch", "fp32", trained, golden)
        further = further_cases(bundle, trained or reference)
        # ONNX Runtime in FP32 is no reference for itself.
        alone = further if trained else further_cases(bundle, None)
        gate: MetricGate | None = None
        compared: list[Precision] = []
        for precision in precisions:
            for name in engines or engine_names():
                one = f"{name} {precision}"
                options = EngineOptions(precision, device=device, cache=cache)
                try:
                    opened = _opened(bundle, name, options, stack)
                    _check_held(opened, precision)
                except EngineError as error:
                    out.unopened[one] = str(error)
                    continue
                itself = (name, precision) == (REFERENCE, "fp32")
                cases = _joined(golden, alone if itself else further)
                out.rows += compare(bundle, name, precision, opened, cases)
                compared.append(precision)
                if precision == "fp32":
                    continue
                try:
                    gate = gate or _gate(bundle, reference, items)
                    out.gates[one] = gate.check(opened)
                except EdgeError as error:
                    out.failures.append(f"{one}: the metric gate could not judge it: {error}")
        if not compared:
            told = "; ".join(f"{name}: {why}" for name, why in out.unopened.items())
            raise EngineError(f"No engine can be opened, so nothing was compared. {told}")
        for precision in dict.fromkeys(compared):
            out.rows += negative_control(bundle, precision, golden)
    out.failures += failures(out.rows)
    out.failures += [f"{n}: {g.sentence}" for n, g in out.gates.items() if not g.accepted]
    if engines:
        out.failures += [f"{name} cannot be opened: {why}" for name, why in out.unopened.items()]
    return out


def _opened(bundle: Bundle, name: str, options: EngineOptions, stack: ExitStack) -> Engines:
    """An engine for each graph, closed with `stack`."""
    engines: dict[str, Engine] = {}
    for graph, file in bundle.graphs.items():
        engines[graph] = open_engine(name, file, options)
        stack.callback(engines[graph].close)
    return engines


def _check_held(engines: Engines, precision: Precision) -> None:
    """Raises: EngineError, when all plans hold FP32, so that nothing of `precision` is compared."""
    if all(held_by(engine) not in (None, precision) for engine in engines.values()):
        raise EngineError(
            f"Its plans hold the fp32 graphs, because `cdat-export compile` kept none in"
            f" {precision}: verify fp32."
        )


def _gate(bundle: Bundle, reference: Engines, items: Callable[[], RealSlice] | None) -> MetricGate:
    if items is None:
        raise EngineError("there are no real items to measure the task's figure on.")
    from export.proof.metric_gate import MetricGate

    return MetricGate(bundle, reference, items())


def _joined(
    golden: dict[str, list[Asked]], further: dict[str, list[Asked]]
) -> dict[str, list[Asked]]:
    return {graph: golden[graph] + further[graph] for graph in golden}
