"""Compile a bundle's graphs for one engine on this machine, and test each plan before it counts."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import EngineOptions, Precision, open_engine
from edge.engines.plans import PlanKey, Plans
from edge.errors import EngineError, PlanError

Told = Callable[[str], None]


@dataclass(frozen=True)
class Compiled:
    """One graph's plan.

    Attributes:
        seconds: That it took to build; None: it was there.
    """

    graph: str
    path: Path
    seconds: float | None


@dataclass(frozen=True)
class Compiler:
    """How one engine compiles one graph.

    Attributes:
        key: Of the plan of a graph file.
        fill: Writes the plan of a graph file to a path.
        facts: What the plan's second file says besides.
    """

    key: Callable[[Path], PlanKey]
    fill: Callable[[Path, Path], None]
    facts: Callable[[Path], dict[str, Any]] = lambda graph: {}


def compile_bundle(
    bundle: Bundle,
    engine: str,
    options: EngineOptions,
    compiler: Compiler,
    say: Told,
    again: bool = False,
) -> list[Compiled]:
    """Compile every graph that has no plan, and keep those that reproduce the golden outputs.

    Args:
        options: As the runtime opens the engine; `cache` is where the plans go.
        again: Compile also where there is a plan.

    Raises:
        EngineError: A graph cannot be compiled, or its plan gives other outputs: it is not kept.
    """
    plans = Plans(options.cache)
    made = []
    for name, graph in bundle.graphs.items():
        key = compiler.key(graph)
        with plans.locked(key):
            there = None if again else _found(plans, key)
            if there is not None:
                say(f"{name}: {there} is there.")
                made.append(Compiled(name, there, None))
                continue
            say(f"{name}: compiling for {engine} in {options.precision} ...")
            with tempfile.TemporaryDirectory() as folder:
                trial = Plans(Path(folder))
                path = compile_graph(trial, key, compiler, graph)
                facts = trial.facts(key)
                _check(bundle, name, graph, engine, replace(options, cache=Path(folder)))
                kept = plans.write(key, partial(_copy, path), facts)
            say(f"{name}: {facts['bytes'] / 2**20:.2f} MiB in {facts['build_s']:.1f} s.")
            made.append(Compiled(name, kept, facts["build_s"]))
    return made


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


def _found(plans: Plans, key: PlanKey) -> Path | None:
    try:
        return plans.find(key)
    except PlanError:
        return None


def _check(bundle: Bundle, name: str, graph: Path, engine: str, options: EngineOptions) -> None:
    opened = open_engine(engine, graph, options)
    try:
        check_golden(bundle, name, opened, read_golden(bundle), options.precision)
    finally:
        opened.close()


def _copy(plan: Path, out: Path) -> None:
    shutil.copyfile(plan, out)


def precision_of(engine: str, precision: Precision, offered: tuple[Precision, ...]) -> None:
    """Raises: EngineError, when `engine` cannot be compiled in `precision`."""
    if precision not in offered:
        raise EngineError(
            f"{engine} is compiled in {', '.join(offered)}, not in {precision}: choose one of them."
        )
