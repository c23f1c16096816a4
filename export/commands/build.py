"""`cdat-export build`: a bundle from a training run."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Annotated

import typer

from edge.commands.counted import counted
from edge.commands.screen import screen
from export.commands.options import needs


def build(
    run: Annotated[Path, typer.Argument(help="A finished run folder, like runs/default.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder; an existing bundle is replaced.")],
) -> None:
    """Export the networks, compare them with torch, and write the bundle if all checks pass."""
    with needs("Exporting", "export"):
        from export.bundle.build import build as build_bundle
    # The exporter logs each of its passes; the exported graph is checked afterwards.
    warnings.filterwarnings("ignore")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    console = screen(stderr=True)
    with counted(console, "parts") as bar:
        task = bar.add_task("", total=None)

        def progress(what: str, done: int, parts: int) -> None:
            bar.update(task, description=what, completed=done, total=parts)
            if not console.is_terminal and done < parts:
                console.print(f"{done + 1} of {parts}: {what} ...", soft_wrap=True)

        build_bundle(run, out, progress)
    size = sum(path.stat().st_size for path in out.iterdir())
    typer.echo(f"Bundle written to {out} ({size / 2**20:.1f} MiB), equal to torch within 1e-5.")
