"""`cdat-edge bench-serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from edge.bench import report
from edge.bench.load import PORTRAIT
from edge.bench.machine import machine
from edge.commands.bench import counts_of
from edge.commands.screen import screen
from edge.errors import ConfigError


def bench_serve(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Of the service, e.g. http://127.0.0.1:8780.")
    ],
    sessions: Annotated[
        str, typer.Option("--sessions", metavar="1,2,4,8", help="How many at a time.")
    ] = "1,2,4,8",
    seconds: Annotated[
        float, typer.Option("--seconds", min=2, max=3600, help="Length of each measurement.")
    ] = 30,
    token: Annotated[
        str | None, typer.Option("--token", help="The service's token, if it has one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for JSON and Markdown.")
    ] = None,
) -> None:
    """Measure how many sessions a running `cdat-edge serve` carries, from this machine or another.

    cdat-edge bench-serve http://127.0.0.1:8780 --sessions 4,8,12
    """
    counts = counts_of(sessions)
    if not counts:
        raise ConfigError("--sessions needs numbers such as 1,2,4,8; it is empty.")
    address = session_address(url)
    try:
        from edge.bench.served import measure_served
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"cdat-edge bench-serve needs {error.name}: run"
            " `pip install 'cdat-edge[outputs-http]'`."
        ) from None
    if out is not None:
        report.prepare(out)
    console = screen(stderr=True)

    def say(what: str) -> None:
        console.print(f"measuring: {what}", style="dim")

    rows = measure_served(address, token, counts, seconds, say)
    results = {
        "command": f"cdat-edge bench-serve URL --sessions {sessions} --seconds {seconds:g}",
        "machine": machine(),
        "load": PORTRAIT,
        "served": rows,
    }
    Console(highlight=False).print(Markdown(report.markdown(results)))
    if out is not None:
        report.write(results, out)


def session_address(url: str) -> str:
    """The address of the service's sessions.

    Raises:
        ConfigError: It is no address of a service.
    """
    for known, socket in (("http://", "ws://"), ("https://", "wss://")):
        if url.startswith(known) and url != known:
            return socket + url.removeprefix(known).rstrip("/") + "/session"
    raise ConfigError(f"{url} is no address of a service: give one like http://127.0.0.1:8780.")
