"""`cdat-export verify`: every engine against torch, and reduced precision on real items."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from edge.bundle import Bundle, default_bundle
from edge.errors import SinkError
from export.commands.options import BundleFolder, Cache, Data, needs
from export.commands.options import precision as checked_precision

if TYPE_CHECKING:
    from export.proof.real_slice import RealSlice


def verify(
    bundle: BundleFolder = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="An engine; all that open here without it.")
    ] = None,
    precision: Annotated[list[str] | None, typer.Option(help="fp32, fp16 or int8.")] = None,
    run: Annotated[Path | None, typer.Option(help="The run that it was built from.")] = None,
    items: Annotated[int, typer.Option(help="Real items of each stream.", min=1)] = 1000,
    data: Data = None,
    cache: Cache = None,
    device: Annotated[
        str, typer.Option(help="As engine.device of a run: auto, cpu, cuda, dla0 and others.")
    ] = "auto",
    out: Annotated[
        Path | None, typer.Option("--json", help="Write everything to this file.")
    ] = None,
) -> None:
    """Compare every engine with torch, and reduced precision on real items; exit code 1 if not."""
    precisions = [checked_precision(one) for one in precision or ["fp32"]]
    with needs("Verifying", "export"):
        from export.proof.verification import verify as verify_bundle
    opened = Bundle.load(bundle or default_bundle())
    if out is not None:
        _check_writable(out)

    def read() -> RealSlice:
        from export.proof.real_slice import read_slice
        from train.corpora.folder import data_folder

        return read_slice(opened, data_folder(data), items)

    with needs("Verifying a run, or reduced precision,", "export,train"):
        found = verify_bundle(opened, engine or (), precisions, run, read, cache, device)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(found.table())
    for name, gate in found.gates.items():
        console.print(f"{name}: {gate.sentence}", soft_wrap=True, markup=False)
    for name, why in found.unopened.items():
        console.print(f"{name} is not verified: {why}", soft_wrap=True, markup=False)
    for failure in found.failures:
        print(f"cdat-export: {failure}", file=sys.stderr)
    if out is not None:
        with _writing(out):
            out.write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    if found.failures:
        raise typer.Exit(1)


def _check_writable(out: Path) -> None:
    """Before minutes of comparing, not after them. What is in `out` stays until then.

    Raises:
        SinkError: It cannot be written.
    """
    with _writing(out):
        out.open("a", encoding="utf-8").close()


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SinkError(
            f"--json {out} cannot be written: {error.strerror}; give a file in a folder that"
            " exists and has room."
        ) from None
