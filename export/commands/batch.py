"""`cdat-export batch`: encoders that take several items a pass, for several sessions at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.bundle import Bundle, default_bundle
from export.commands.options import needs


def batch(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new bundle's folder.")],
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle's folder; without it the packaged one.")
    ] = None,
) -> None:
    """Copy a bundle so that its encoders take any number of items a pass (docs/sessions.md)."""
    with needs("Changing a graph", "export"):
        from export.bundle.any_batch import write_any_batch
    written = write_any_batch(Bundle.load(bundle or default_bundle()), out)
    typer.echo(f"Written: {written}. Run it with `cdat-edge run --bundle {written}`.")
