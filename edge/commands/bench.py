"""`cdat-edge bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from edge.bench import report
from edge.bench.load import Load, file_load, standard_load
from edge.bench.suite import FAULT, Plan, measure
from edge.commands.options import (
    BundleOption,
    ConfigOption,
    EngineOption,
    RequireSignedOption,
    SetOption,
)
from edge.commands.screen import screen
from edge.config import Config, load_config
from edge.config.sessions import SESSIONS_MAX
from edge.errors import ConfigError

MARGIN_S = 2.0
"""The load outlasts the run, so that no run ends with its source."""


def bench(
    seconds: Annotated[
        float, typer.Option("--seconds", min=2, max=3600, help="Length of each measured run.")
    ] = 30,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="Loop this file live; default: a portrait."),
    ] = None,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="INDEX|PATH|URL|none", help="As in `run`.")
    ] = None,
    mic: Annotated[
        str | None, typer.Option("--mic", metavar="INDEX|NAME|none", help="As in `run`.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="sequential", help="Compare with a sequential loop."),
    ] = None,
    load: Annotated[
        int, typer.Option("--load", min=0, max=1024, help="Number of busy processes to add.")
    ] = 0,
    durations: Annotated[
        str | None, typer.Option("--durations", metavar="2,4,8", help="Window lengths in seconds.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Measure a file at full speed on one core.")
    ] = False,
    dropped: Annotated[
        str | None,
        typer.Option("--dropped", metavar="vision,audio", help="Cost of a dropped stream."),
    ] = None,
    sessions: Annotated[
        str | None,
        typer.Option(
            "--sessions",
            metavar="1,2,4,8",
            help="Sessions in one process, against a process each.",
        ),
    ] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Time and memory from the command to its first label.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for JSON, Markdown, plot.")
    ] = None,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    engine: EngineOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
) -> None:
    """Measure latency by stage, ages, drops, CPU and memory under a standard load.

    cdat-edge bench --seconds 60 --out bench

    cdat-edge bench --against sequential --load 4 --durations 2,4,8 --offline --dropped vision
    """
    options = {
        "bundle": bundle,
        "require_signed": require_signed,
        "engine.name": engine,
        "source.camera": camera,
        "source.mic": mic,
    }
    loaded = load_config(config, settings or [], {**options, "seconds": seconds})
    if against not in (None, "sequential"):
        raise ConfigError(f"--against {against} is unknown: use --against sequential.")
    if out is not None:
        report.prepare(out)
    longest_s = max(lengths := _lengths(durations), default=0.0)
    plan = Plan(
        seconds=seconds,
        load=_load(loaded, file, seconds + longest_s + MARGIN_S),
        sequential=against is not None,
        busy=load,
        durations_s=lengths,
        offline=offline,
        dropped=_streams(dropped),
        sessions=counts_of(sessions),
        start=start,
    )
    if plan.load is None and (plan.sequential or plan.offline or plan.start):
        raise ConfigError(
            "--against, --offline and --start play one load several times, which devices cannot do:"
            " leave out --camera and --mic."
        )
    console = screen(stderr=True)
    results = measure(loaded, plan, lambda what: console.print(f"measuring: {what}", style="dim"))
    results = {"command": _command(plan, file, load), **results}
    Console(highlight=False).print(Markdown(report.markdown(results)))
    if out is not None:
        report.write(results, out)


def _load(config: Config, file: str | None, seconds: float) -> Load | None:
    devices = config.source.camera is not None or config.source.mic is not None
    if file is not None and devices:
        raise ConfigError("--file cannot be combined with --camera or --mic: leave out one.")
    if devices:
        return None
    return standard_load(seconds) if file is None else file_load(Path(file), seconds)


def _lengths(text: str | None) -> tuple[float, ...]:
    try:
        lengths = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise ConfigError(f"--durations needs seconds such as 2,4,8; got {text!r}.") from None
    for length in lengths:  # validated by the configuration, which also rejects `nan`
        load_config(None, [], {"window.duration_s": length})
    return lengths


def counts_of(text: str | None) -> tuple[int, ...]:
    """The numbers of `--sessions`. Raises: ConfigError."""
    parts = text.split(",") if text else []
    if wrong := [one for one in parts if not one.strip().isascii() or not one.strip().isdecimal()]:
        raise ConfigError(f"--sessions needs numbers such as 1,2,4,8; got {wrong[0]!r}.")
    counts = tuple(int(one) for one in parts)
    if any(not 1 <= count <= SESSIONS_MAX for count in counts):
        raise ConfigError(f"--sessions needs numbers from 1 to {SESSIONS_MAX}; got {text!r}.")
    return counts


def _streams(text: str | None) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else ()
    if unknown := [name for name in names if name not in FAULT]:
        raise ConfigError(f"--dropped needs {' and '.join(FAULT)}; got {unknown[0]!r}.")
    return names


def _command(plan: Plan, file: str | None, busy: int) -> str:
    """The command line without paths, because results are published."""
    parts = [f"cdat-edge bench --seconds {plan.seconds:g}"]
    parts += [f"--file {Path(file).name}"] if file is not None else []
    parts += ["--against sequential"] if plan.sequential else []
    parts += [f"--load {busy}"] if busy else []
    lengths = ",".join(f"{length:g}" for length in plan.durations_s)
    parts += [f"--durations {lengths}"] if lengths else []
    parts += ["--offline"] if plan.offline else []
    parts += [f"--dropped {','.join(plan.dropped)}"] if plan.dropped else []
    parts += [f"--sessions {','.join(map(str, plan.sessions))}"] if plan.sessions else []
    parts += ["--start"] if plan.start else []
    return " ".join(parts)
