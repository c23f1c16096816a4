"""`cdat-export compile`: plans for this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.bundle import Bundle
from edge.engines import EngineOptions
from edge.engines.plans import Plans
from edge.errors import ConfigError
from export.commands.options import ENGINES, BundleFolder, Cache, Device, compiler_of
from export.commands.options import precision as checked_precision
from export.plans.compile import compile_bundle


def compile_(
    bundle: BundleFolder,
    engine: Annotated[str, typer.Option(help=f"{', '.join(ENGINES)}.")],
    precision: Annotated[str, typer.Option(help="fp32, fp16 or int8.")] = "fp32",
    device: Device = "auto",
    cache: Cache = None,
    again: Annotated[bool, typer.Option("--again", help="Compile also what is there.")] = False,
) -> None:
    """Compile a bundle's graphs on the machine that will run them, and test each plan."""
    if engine not in ENGINES:
        raise ConfigError(f"--engine is {engine!r}: choose one of {', '.join(ENGINES)}.")
    options = EngineOptions(checked_precision(precision), 1, device, cache)
    compiler = compiler_of(engine, options)
    if compiler is None:
        typer.echo(f"{engine} reads the bundle's own graphs in {precision}: nothing to compile.")
        return
    made = compile_bundle(Bundle.load(bundle), engine, options, compiler, typer.echo, again)
    new = sum(one.seconds is not None for one in made)
    typer.echo(f"{new} compiled, {len(made) - new} there, in {Plans(cache).folder}.")
