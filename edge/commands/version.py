"""The option `--version`, the same for the three commands of the project."""

from __future__ import annotations

from typing import Annotated

import typer

from edge import __version__


def _told(context: typer.Context, asked: bool) -> None:
    if asked:
        typer.echo(f"{context.command.name} {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_told, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The callback of a command line: its own options."""
