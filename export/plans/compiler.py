"""How an engine compiles a graph: the key of the plan and what fills its file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.engines import Precision
from edge.engines.plan_key import PlanKey
from edge.engines.plans import Plans
from edge.errors import EngineError


@dataclass(frozen=True)
class Compiler:
    """Compiles for one engine in one precision.

    Attributes:
        key: Of the plan of a graph file.
        fill: Writes the plan of a graph file to a path.
        facts: What the plan's second file says besides.
    """

    key: Callable[[Path], PlanKey]
    fill: Callable[[Path, Path], None]
    facts: Callable[[Path], dict[str, Any]] = lambda graph: {}


def compile_graph(plans: Plans, key: PlanKey, compiler: Compiler, graph: Path) -> Path:
    """Compile one graph into `plans`, unchecked.

    Raises:
        EngineError: It cannot be compiled, or not be written.
    """
    facts = dict(compiler.facts(graph))

    def fill(out: Path) -> None:
        begin = time.perf_counter()
        compiler.fill(graph, out)
        facts["build_s"] = round(time.perf_counter() - begin, 2)

    return plans.write(key, fill, facts)


def check_precision(engine: str, precision: Precision, offered: tuple[Precision, ...]) -> None:
    """Raises: EngineError, when `engine` cannot be compiled in `precision`."""
    if precision not in offered:
        raise EngineError(
            f"{engine} is compiled in {', '.join(offered)}, not in {precision}: choose one of them."
        )
