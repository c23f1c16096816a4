"""`cdat-edge`: the command line. Each command is a file of `edge.commands`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from edge import __version__
from edge.commands.bench import bench
from edge.commands.demo import demo
from edge.commands.devices import devices
from edge.commands.replay import replay
from edge.commands.run import run
from edge.errors import EdgeError

app = typer.Typer(
    name="cdat-edge",
    help="Live emotion recognition that says which stream it trusts: camera, microphone, words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, demo, replay, devices, bench):
    app.command()(command)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"cdat-edge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """The options of `cdat-edge` itself."""


def main() -> None:
    """Entry point: an error of the tree becomes one sentence and exit code 1."""
    try:
        app()
    except EdgeError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"cdat-edge: {error}", style="red", highlight=False, markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
