"""`cdat-export neutral`: what a correction for one person starts from, added to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.bundle import Bundle, default_bundle
from export.bundle.neutral import write_with_neutral


def neutral(
    study: Annotated[
        Path, typer.Argument(metavar="JSON", help="calibration.json of cdat-train's study.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The new bundle's folder.")],
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="The bundle that was measured; the packaged.")
    ] = None,
) -> None:
    """Copy a bundle with the measured neutral embeddings and strengths (docs/calibrate.md)."""
    written = write_with_neutral(Bundle.load(bundle or default_bundle()), study, out)
    typer.echo(f"Written: {written}. Use it with `cdat-edge calibrate --bundle {written}`.")
