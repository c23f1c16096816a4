"""The plan that `cdat-export compile` left, for several items a pass: what the bench measures of
ONNX Runtime in FP16 and INT8, whose calibration and gate are those of one item."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx

from edge.engines import EngineOptions
from edge.engines.onnxruntime import plan_key
from edge.engines.plans import Plans
from export.graphs.batched import batched
from export.plans.compiler import Compiler


def batched_plans(sources: Mapping[Path, Path], options: EngineOptions, items: int) -> Compiler:
    """Makes the plan of a graph of `items` items a pass from the plan of the bundle's graph.

    Args:
        sources: By the file of such a graph, the bundle's own.

    Raises (when it is asked for a plan):
        PlanError: The bundle's graph has no plan in this precision.
        EngineError: The plan takes no batch.
    """
    plans = Plans(options.cache)

    def fill(graph: Path, out: Path) -> None:
        plan = plans.find(plan_key(sources[graph], options.precision))
        onnx.save(batched(onnx.load(plan), items), out)

    def facts(graph: Path) -> dict[str, Any]:
        told = plans.facts(plan_key(sources[graph], options.precision))
        return {name: told[name] for name in ("kept", "gate", "why") if name in told}

    return Compiler(lambda graph: plan_key(graph, options.precision), fill, facts)
