"""`cdat-export compile`: plans for this machine."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.bundle import Bundle, default_bundle
from edge.commands.screen import screen
from edge.engines import Engine, EngineOptions, open_engine
from edge.engines.plans import Plans
from edge.engines.tensorrt_build import Build
from edge.errors import ConfigError
from export.commands.compile_progress import CompileProgress
from export.commands.compilers import BuildOptions, compiler_of
from export.commands.conflicts import refuse_conflicts
from export.commands.options import ENGINES, BundleFolder, Cache, Data, Device, needs
from export.commands.options import precision as checked_precision
from export.plans.compile import Judge, Reduction, compile_bundle
from export.plans.trtexec import adopting, command_lines, release_of

ITEMS = 1000
WORKSPACE_MIB = BuildOptions.workspace_mib


def compile_(
    bundle: BundleFolder = None,
    engine: Annotated[str, typer.Option(help=f"{', '.join(ENGINES)}.")] = "tensorrt",
    precision: Annotated[str, typer.Option(help="fp32, fp16 or int8.")] = "fp32",
    device: Device = "auto",
    cache: Cache = None,
    workspace: Annotated[
        int, typer.Option(help="TensorRT: MiB that the builder may use.", min=1)
    ] = WORKSPACE_MIB,
    dla: Annotated[
        int | None, typer.Option(help="TensorRT: a Jetson's DLA core; the GPU does the rest.")
    ] = None,
    timing_cache: Annotated[
        Path | None, typer.Option(help="TensorRT: file of measured times, for a quicker build.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="TensorRT: compile this run's networks by Torch-TensorRT, not ONNX."),
    ] = None,
    data: Data = None,
    gate: Annotated[
        bool, typer.Option(help="Measure fp16 and int8 on real items before they are kept.")
    ] = True,
    only_faster: Annotated[
        bool, typer.Option(help="Keep a graph in fp32 where fp16 or int8 is not faster.")
    ] = True,
    again: Annotated[bool, typer.Option("--again", help="Compile also what is there.")] = False,
    trtexec: Annotated[
        Path | None, typer.Option(help="Only print trtexec's lines, which write to this folder.")
    ] = None,
    adopt: Annotated[
        Path | None, typer.Option(help="Take the plans that trtexec wrote to this folder.")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(help="For --trtexec: TensorRT's release, like 8.5; 10 without it."),
    ] = None,
) -> None:
    """Compile a bundle's graphs on the machine that will run them, and test each plan."""
    if engine not in ENGINES:
        raise ConfigError(f"--engine is {engine!r}: choose one of {', '.join(ENGINES)}.")
    options_of_tensorrt = {
        "--workspace": workspace != WORKSPACE_MIB,
        "--dla": dla is not None,
        "--timing-cache": timing_cache is not None,
        "--run": run is not None,
        "--trtexec": trtexec is not None,
        "--adopt": adopt is not None,
    }
    refuse_conflicts(engine, [name for name, given in options_of_tensorrt.items() if given])
    if release is not None and trtexec is None:
        raise ConfigError("--release is for --trtexec: give both, or leave it out.")
    if device.startswith("dla"):
        raise ConfigError(
            f"--device is {device}: choose a Jetson's accelerator with --engine tensorrt --dla N."
        )
    where = device if dla is None else f"dla{dla}"
    options = EngineOptions(checked_precision(precision), 1, where, cache)
    opened = Bundle.load(bundle or default_bundle())
    if engine == "onnxruntime" and options.precision == "fp32":
        typer.echo("ONNX Runtime reads the bundle's own graphs in fp32: nothing to compile.")
        return
    if trtexec is not None:
        asked = Build(options.precision, False, workspace, dla, timing_cache)
        for line in command_lines(opened, asked, trtexec, release_of(release or "10")):
            typer.echo(line)
        return
    networks = None if run is None else partial(_networks, opened, run)
    with CompileProgress(screen(stderr=True)) as progress:
        build = BuildOptions(workspace, dla, timing_cache, progress.phase, networks)
        compiler = compiler_of(engine, options, build, lambda: _calibration(opened, data))
        if adopt is not None:
            compiler = adopting(adopt, compiler, dla)
        reduction = None
        if options.precision != "fp32":
            plain = replace(options, precision="fp32", device=device)
            full = compiler_of(engine, plain, replace(build, dla=None), dict)
            judge = _judge(opened, data) if gate else None
            reduction = Reduction(full, device, judge, only_faster)

        def say(sentence: str) -> None:
            progress.end()
            typer.echo(sentence)

        made = compile_bundle(
            opened, engine, options, compiler, say, reduction, again, progress.begin
        )
    new = sum(one.seconds is not None for one in made)
    typer.echo(f"{new} compiled, {len(made) - new} there, in {Plans(cache).folder}.")


def _reference(bundle: Bundle) -> dict[str, Engine]:
    options = EngineOptions(device="cpu")
    return {name: open_engine("onnxruntime", g, options) for name, g in bundle.graphs.items()}


def _calibration(bundle: Bundle, data: Path | None) -> dict[str, list[dict[str, object]]]:
    with needs("INT8", "export,train"):
        from export.proof.calibration import calibration_inputs
        from train.corpora.folder import data_folder
    return calibration_inputs(bundle, _reference(bundle), data_folder(data))  # type: ignore[return-value]


def _networks(bundle: Bundle, run: Path) -> dict[str, Any]:
    with needs("--run", "export,train"):
        from export.proof.torch_engine import trained_networks
    return dict(trained_networks(bundle, run))


def _judge(bundle: Bundle, data: Path | None) -> Judge:
    with needs("The metric gate", "export,train"):
        from export.proof.metric_gate import MetricGate
        from export.proof.real_slice import read_slice
        from train.corpora.folder import data_folder
    metric = MetricGate(bundle, _reference(bundle), read_slice(bundle, data_folder(data), ITEMS))

    def judge(graph: str, engine: Engine) -> tuple[bool, str]:
        result = metric.check({graph: engine})
        return result.accepted, result.sentence

    return judge
