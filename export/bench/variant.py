"""An engine with its options, and what was measured of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.engines import Engine, EngineOptions, open_engine
from edge.engines.plan_key import PlanKey
from export.plans.compiler import Compiler


@dataclass(frozen=True)
class Variant:
    """One way to run a graph.

    Attributes:
        open: Opens the engine on a graph file with these options, whose cache may be another than
            that of `options`; raises an `EdgeError` where it cannot.
        compiler: Makes the plan that the engine reads, where `compile` has left none.
        plan: Key of a plan that is read if it is there, and not made here.
    """

    engine: str
    options: EngineOptions
    open: Callable[[str, Path, EngineOptions], Engine]
    compiler: Compiler | None = None
    plan: Callable[[Path], PlanKey] | None = None


@dataclass(frozen=True)
class Measured:
    """One engine on one graph. Times in microseconds; `worst` is the largest difference from the
    golden outputs, None where the engine's weights are not the bundle's. `millijoules` is a pass's
    energy where the board tells it; `metric` is what the metric gate measured of the plan, `kept`
    the precision of the graph in it and `why` the reason for another one than asked: all None where
    `cdat-export compile` did not make the plan."""

    graph: str
    engine: str
    precision: str
    threads: int
    batch: int
    device: str
    bytes: int | None
    build_s: float | None
    load_ms: float
    p50_us: float
    p95_us: float
    p99_us: float
    max_us: float
    passes: int
    items_per_s: float
    worst: float | None
    millijoules: float | None
    metric: str | None
    kept: str | None
    why: str | None

    def as_row(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def registered(
    name: str,
    options: EngineOptions,
    compiler: Compiler | None = None,
    plan: Callable[[Path], PlanKey] | None = None,
) -> Variant:
    """An engine of the registry."""

    def opened(graph: str, file: Path, chosen: EngineOptions) -> Engine:
        return open_engine(name, file, chosen)

    return Variant(name, options, opened, compiler, plan)
