"""`cdat-export bench`: engine x precision x threads x batch on this machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.bench.device import gpu
from edge.bench.machine import machine
from edge.bench.report import prepare
from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions
from edge.engines.inductor import device_of, load_torch
from edge.engines.onnxruntime import plan_key
from edge.engines.plan_key import PlanKey
from edge.engines.tensorrt import dla_core
from edge.engines.tensorrt import plan_key as tensorrt_key
from edge.engines.tensorrt_library import tensorrt
from edge.errors import EdgeError, EngineError
from export.bench.energy import energy_meter
from export.bench.facts import absent
from export.bench.measure import measure
from export.bench.report import markdown, write_report
from export.bench.variant import Measured, Variant, registered
from export.commands.compilers import BuildOptions, compiler_of
from export.commands.options import BundleFolder, Cache, Device, needs, precision
from export.plans.compiler import Compiler

ALL = "eager:fp32,eager-graph:fp32,inductor:fp32,inductor:fp16,onnxruntime:fp32," + (
    "tensorrt:fp32,tensorrt:fp16"
)


def bench(
    bundle: BundleFolder = None,
    engine: Annotated[str, typer.Option(help="ENGINE:PRECISION, with commas.")] = ALL,
    threads: Annotated[str, typer.Option(help="Threads a graph, with commas.")] = "1",
    batch: Annotated[
        str, typer.Option(help="Items a pass, with commas; of several, the plot shows items/s.")
    ] = "1",
    passes: Annotated[int, typer.Option(help="Timed passes.", min=500)] = 2000,
    device: Device = "auto",
    run: Annotated[
        Path | None, typer.Option(help="The run that the bundle was built from, for eager torch.")
    ] = None,
    cache: Cache = None,
    out: Annotated[Path | None, typer.Option(help="Folder for JSON, Markdown, plot.")] = None,
) -> None:
    """Measure size, build and load time, latency, throughput and parity of every engine."""
    opened = Bundle.load(bundle or default_bundle())
    if out is not None:
        prepare(out)
    missed: list[str] = []

    def missing(sentence: str) -> None:
        missed.append(sentence.replace(str(Path.home()), "~"))  # a report names no user
        typer.echo(sentence, err=True)

    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as trial:
        for items in _numbers(batch):
            graphs = _graphs(opened, items, Path(folder), missing)
            for count in _numbers(threads):
                sources = {file: opened.graphs[name] for name, file in graphs.items()}
                options = EngineOptions(threads=count, device=device, cache=cache)
                variants = _variants(opened, engine, options, run, sources, items, missing)
                rows += measure(opened, graphs, variants, passes, items, missing, Path(trial))
    here = machine() | gpu()  # after the passes: clocks sink when nothing runs
    try:
        meter = energy_meter()
    except EdgeError as error:
        meter = None
        missing(str(error))
    without = rows and all(row.millijoules is None for row in rows)
    if meter is not None and meter.startswith("tegrastats") and without:
        missing("The energy of a pass: tegrastats names none of the power rails that are known.")
    results: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": here,
        "energy": meter,
        "bundle": opened.manifest.name,
        "rows": [row.as_row() for row in rows],
        "not_there": sorted({*missed, *absent(here)}),
    }
    typer.echo(markdown(results))
    if out is not None:
        write_report(results, out)
    if not rows:
        raise EngineError("Nothing was measured: no engine of --engine runs a graph here.")


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(one) for one in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise EdgeError(f"{text!r} is no list of whole numbers above 0, like 1,8,32.")
    return numbers


def _graphs(opened: Bundle, items: int, folder: Path, missing: Any) -> dict[str, Path]:
    files = opened.graphs
    if items == 1:
        return files
    with needs("A batch above 1", "export"):
        import onnx

        from export.graphs.batched import batched

    made = {}
    for name, file in files.items():
        try:
            model = batched(onnx.load(file), items)
        except EdgeError as error:
            missing(f"batch {items}, {name}: {error}")
            continue
        made[name] = folder / f"{name}-batch-{items}.onnx"
        onnx.save(model, made[name])
    return made


def _variants(
    opened: Bundle,
    asked: str,
    common: EngineOptions,
    run: Path | None,
    sources: dict[Path, Path],
    items: int,
    missing: Any,
) -> list[Variant]:
    variants = []
    for one in asked.split(","):
        name, _, kind = one.strip().partition(":")
        options = replace(common, precision=precision(kind or "fp32"))
        try:
            if name.startswith("eager"):
                variants.append(_eager(opened, name, options, run))
            else:
                compiler, plan = _plans(name, options, sources, items)
                variants.append(registered(name, options, compiler, plan))
        except EdgeError as error:
            missing(f"{name} {options.precision}: {error}")
    return variants


def _plans(
    name: str, options: EngineOptions, sources: dict[Path, Path], items: int
) -> tuple[Compiler | None, Callable[[Path], PlanKey] | None]:
    """What makes the plans that `compile` has not left, and the key of those that it alone makes,
    with real items. Neither: the engine reads the bundle's graphs."""
    reduced = options.precision != "fp32"
    if name == "onnxruntime" and reduced:
        if items == 1:
            return None, partial(plan_key, precision=options.precision)
        with needs("A batch above 1", "export"):
            from export.bench.batched_plan import batched_plans
        return batched_plans(sources, options, items), None
    if name == "tensorrt":
        trt, core = tensorrt(), dla_core(options.device)
        if options.precision != "int8":
            return compiler_of(name, options, BuildOptions(dla=core), dict), None
        if items > 1:
            raise EngineError("Its int8 plans take one item a pass: leave out --batch.")
        return None, partial(tensorrt_key, trt, precision="int8", dla=core)
    if name == "inductor":
        return compiler_of(name, options, BuildOptions(), dict), None
    return None, None


def _eager(opened: Bundle, name: str, options: EngineOptions, run: Path | None) -> Variant:
    with needs("Eager torch", "export,train"):
        from export.graphs.spec import spec_of_graph
        from export.proof.torch_engine import TorchEngine, drawn_networks, trained_networks
    networks = trained_networks(opened, run) if run else drawn_networks(opened)
    where = device_of(load_torch(), options.device)
    captured = name == "eager-graph"
    if captured and where == "cpu":
        raise EdgeError("A CUDA graph needs a GPU.")
    return Variant(
        name,
        options,
        lambda graph, file, _: TorchEngine(
            networks[graph], spec_of_graph(file), where, options.threads, captured
        ),
    )
