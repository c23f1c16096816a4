"""Compile a bundle's graphs for one engine on this machine, and test each plan before it counts.

In reduced precision a graph is kept only if it passes the metric gate and is faster than the same
engine in FP32; otherwise its plan holds the FP32 graph, and its second file says why.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.bundle.golden import check_golden, read_golden
from edge.engines import Engine, EngineOptions, open_engine
from edge.engines.plans import Plans
from edge.errors import EngineError, PlanError
from export.plans.compiler import Compiler, compile_graph
from export.plans.speed import faster

Begin = Callable[[int, int, str], None]
"""Told, before a graph is compiled, its number from 1, the number of graphs, and what is done."""

Judge = Callable[[str, Engine], tuple[bool, str]]
"""Whether a graph's engine in reduced precision is accepted, and the sentence with the figures."""


@dataclass(frozen=True)
class Compiled:
    """One graph's plan.

    Attributes:
        seconds: That it took to build; None: it was there.
        kept: The precision of the graph in it.
    """

    graph: str
    path: Path
    seconds: float | None
    kept: str


@dataclass(frozen=True)
class Reduction:
    """What decides whether a graph is kept in reduced precision.

    Attributes:
        full: Compiles the same graph in FP32 for the same engine.
        device: Where the graph in FP32 runs; a Jetson's accelerator knows no FP32, but its GPU.
        judge: The metric gate; None: the golden outputs alone decide.
        only_faster: Keep FP32 where the reduced graph is not faster.
    """

    full: Compiler
    device: str
    judge: Judge | None
    only_faster: bool = True


def unseen(number: int, graphs: int, what: str) -> None:
    """`Begin` for nobody."""


def compile_bundle(
    bundle: Bundle,
    engine: str,
    options: EngineOptions,
    compiler: Compiler,
    say: Callable[[str], None],
    reduction: Reduction | None = None,
    again: bool = False,
    begin: Begin = unseen,
) -> list[Compiled]:
    """Compile every graph that has no plan, and keep those that give the right answers.

    Args:
        options: As the runtime opens the engine; `cache` is where the plans go.
        say: Told one line a result.
        reduction: For FP16 and INT8.
        again: Compile also where there is a plan.
        begin: Told of each graph before it is compiled.

    Raises:
        EngineError: A graph cannot be compiled, or its plan gives other outputs (nothing is kept of
            it), or no graph at all is kept in reduced precision.
    """
    plans = Plans(options.cache)
    made = []
    for number, (name, graph) in enumerate(bundle.graphs.items(), start=1):
        key = compiler.key(graph)
        with plans.locked(key):
            there = None if again else _found(plans, key, name, reduction)
            if there is not None:
                say(f"{name}: {there.path.name} is there.")
                made.append(there)
                continue
            what = f"{name}: compiling for {engine} in {options.precision}"
            begin(number, len(bundle.graphs), what)
            with tempfile.TemporaryDirectory() as folder:
                trial = _Trial(bundle, name, graph, engine, replace(options, cache=Path(folder)))
                path, facts = trial.compiled(compiler, reduction)
                kept = plans.write(key, partial(_copy, path), facts)
            for told in dict.fromkeys((facts.get("gate"), facts.get("why"))):
                if told:
                    say(f"{name}: {told}")
            say(f"{name}: {facts['bytes'] / 2**20:.2f} MiB in {facts['build_s']:.1f} s.")
            made.append(Compiled(name, kept, facts["build_s"], facts["kept"]))
    if options.precision != "fp32" and all(one.kept == "fp32" for one in made):
        raise EngineError(
            f"No graph is kept in {options.precision}: run the bundle in fp32 on {engine}."
        )
    return made


class _Trial:
    """One graph, compiled in a folder of its own."""

    def __init__(
        self, bundle: Bundle, name: str, graph: Path, engine: str, options: EngineOptions
    ) -> None:
        self._bundle, self._name, self._graph = bundle, name, graph
        self._engine, self._options = engine, options
        self._plans = Plans(options.cache)

    def compiled(
        self, compiler: Compiler, reduction: Reduction | None
    ) -> tuple[Path, dict[str, Any]]:
        """The plan's file, and what its second file is to say."""
        key = compiler.key(self._graph)
        path = compile_graph(self._plans, key, compiler, self._graph)
        facts = self._plans.facts(key) | {"kept": self._options.precision}
        if reduction is None:
            with closing(self._opened(self._options)):
                return path, facts
        full = self._full(reduction)
        why = self._refused(reduction, full, facts)
        if why is None:
            return path, facts
        kept = reduction.full.key(self._graph)
        facts |= {"kept": "fp32", "why": why, "bytes": self._plans.facts(kept)["bytes"]}
        return self._plans.find(kept), facts

    def _opened(self, options: EngineOptions) -> Engine:
        """The engine on its plan, tested with the golden outputs."""
        opened = open_engine(self._engine, self._graph, options)
        try:
            golden = read_golden(self._bundle)
            check_golden(self._bundle, self._name, opened, golden, options.precision)
        except BaseException:
            opened.close()
            raise
        return opened

    def _full(self, reduction: Reduction) -> EngineOptions:
        full = reduction.full
        compile_graph(self._plans, full.key(self._graph), full, self._graph)
        return replace(self._options, precision="fp32", device=reduction.device)

    def _refused(
        self, reduction: Reduction, full: EngineOptions, facts: dict[str, Any]
    ) -> str | None:
        """Why the graph stays in FP32; None: it is kept as compiled. What is measured: `facts`."""
        precision = self._options.precision
        try:
            reduced = self._opened(self._options)
        except PlanError:
            raise
        except EngineError as error:
            return f"{error} It stays in fp32."
        with closing(reduced):
            if reduction.judge is not None:
                accepted, facts["gate"] = reduction.judge(self._name, reduced)
                if not accepted:
                    return f"{facts['gate']} It stays in fp32."
            if reduction.only_faster:
                with closing(self._opened(full)) as before:
                    ratio = faster(reduced, before, read_golden(self._bundle)[self._name])
                facts["faster"] = round(ratio, 2)
                if ratio <= 1.0:
                    return f"{precision} is not faster ({ratio:.2f} x): it stays in fp32."
        return None


def _found(plans: Plans, key: Any, name: str, reduction: Reduction | None) -> Compiled | None:
    try:
        path, facts = plans.find(key), plans.facts(key)
    except PlanError:
        return None
    if reduction is not None and not _measured(facts, reduction):
        return None
    return Compiled(name, path, None, facts.get("kept", key.precision))


def _measured(facts: Mapping[str, Any], reduction: Reduction) -> bool:
    """Whether all was measured of a plan that decides about it now: an earlier command may have
    left the gate or the times out."""
    if facts.get("kept") == "fp32":
        if "faster" in facts:
            return reduction.only_faster
        return reduction.judge is not None or "gate" not in facts
    judged = reduction.judge is None or "gate" in facts
    return judged and ("faster" in facts or not reduction.only_faster)


def _copy(plan: Path, out: Path) -> None:
    shutil.copyfile(plan, out)
