"""Measure each engine on each graph: size, build and load time, latency, throughput, parity."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bench.statistics import percentiles
from edge.bundle import Bundle
from edge.bundle.golden import Case, read_golden
from edge.engines import Arrays, Engine, EngineOptions
from edge.engines.plans import Plans
from edge.errors import EdgeError, PlanError
from export.bench.energy import metered
from export.bench.variant import Measured, Variant
from export.plans.compiler import compile_graph

WARM_PASSES, WARM_S = 50, 0.5


def measure(
    bundle: Bundle,
    graphs: dict[str, Path],
    variants: Sequence[Variant],
    passes: int,
    batch: int,
    missing: Callable[[str], None],
    trial: Path,
) -> list[Measured]:
    """Every variant on every graph, each after its warm-up, on the bundle's golden inputs.

    Args:
        graphs: File of each graph, with a first dimension of `batch`.
        passes: Timed passes; 500 at least are needed for a p99.
        missing: Told one sentence for what cannot be run here.
        trial: Folder of the plans that are built here. They are not put among the user's plans:
            nothing has compared their answers, and `compile` and runs would take them.
    """
    golden = read_golden(bundle)
    rows = []
    for variant in variants:
        for name, graph in graphs.items():
            try:
                rows.append(_measure_one(variant, name, graph, golden[name], passes, batch, trial))
            except EdgeError as error:
                missing(f"{variant.engine} {variant.options.precision}, {name}: {error}")
    return rows


def _measure_one(
    variant: Variant,
    name: str,
    graph: Path,
    cases: Sequence[Case],
    passes: int,
    batch: int,
    trial: Path,
) -> Measured:
    plan, facts, options = _compiled(variant, graph, trial)
    begin = time.perf_counter()
    engine = variant.open(name, graph, options)
    try:
        engine.warm_up()
        load_ms = (time.perf_counter() - begin) * 1e3
        inputs = [_repeated(case.inputs, batch) for case in cases]
        worst = None if variant.engine.startswith("eager") else _worst(engine, cases, batch)
        _warm(engine, inputs)
        with metered() as energy:
            taken_us = _time(engine, inputs, passes)
        device = engine.device
    finally:
        engine.close()
    told = percentiles(taken_us)
    assert told is not None
    return Measured(
        graph=name,
        engine=variant.engine,
        precision=variant.options.precision,
        threads=variant.options.threads,
        batch=batch,
        device=device,
        bytes=plan.stat().st_size,
        build_s=facts.get("build_s"),
        load_ms=load_ms,
        p50_us=told["p50"],
        p95_us=told["p95"],
        p99_us=told["p99"],
        max_us=told["max"],
        passes=passes,
        items_per_s=batch * 1e6 / float(np.mean(taken_us)),
        worst=worst,
        millijoules=None if energy.joules is None else 1e3 * energy.joules / passes,
        metric=facts.get("gate"),
        kept=facts.get("kept"),
        why=facts.get("why"),
    )


def _compiled(
    variant: Variant, graph: Path, trial: Path
) -> tuple[Path, dict[str, Any], EngineOptions]:
    """The file that the engine reads, what its second file says, and how the engine finds it."""
    options = variant.options
    plans = Plans(options.cache)
    if variant.plan is not None:
        key = variant.plan(graph)
        return plans.find(key), plans.facts(key), options
    if variant.compiler is None:
        return graph, {}, options
    key = variant.compiler.key(graph)
    try:
        return plans.find(key), plans.facts(key), options
    except PlanError:
        plans = Plans(trial)
    with plans.locked(key):
        try:
            path = plans.find(key)
        except PlanError:
            path = compile_graph(plans, key, variant.compiler, graph)
    return path, plans.facts(key), replace(options, cache=trial)


def _repeated(arrays: Arrays, batch: int) -> dict[str, NDArray[Any]]:
    if batch == 1:
        return dict(arrays)
    return {name: np.ascontiguousarray(np.repeat(x, batch, 0)) for name, x in arrays.items()}


def _worst(engine: Engine, cases: Sequence[Case], batch: int) -> float:
    """The largest difference of any item of a batch from its golden outputs."""
    apart = [
        float(np.max(np.abs(found[name] - wanted)))
        for case in cases
        for found in (engine.run(_repeated(case.inputs, batch)),)
        for name, wanted in case.outputs.items()
    ]
    return max(apart)


def _warm(engine: Engine, inputs: Sequence[dict[str, Any]]) -> None:
    end = time.perf_counter() + WARM_S
    for k in range(10_000):
        if k >= WARM_PASSES and time.perf_counter() > end:
            break
        engine.run(inputs[k % len(inputs)])


def _time(engine: Engine, inputs: Sequence[dict[str, Any]], passes: int) -> list[float]:
    """Microseconds of each pass. A pause for garbage would be the measurement's own."""
    taken = []
    gc.disable()
    try:
        for k in range(passes):
            one = inputs[k % len(inputs)]
            begin = time.perf_counter_ns()
            engine.run(one)
            taken.append((time.perf_counter_ns() - begin) / 1e3)
    finally:
        gc.enable()
    return taken
