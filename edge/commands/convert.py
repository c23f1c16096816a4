"""`cdat-edge convert`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.annotation.formats import FORMATS, check_place, write_whole
from edge.annotation.verdicts import Verdicts
from edge.commands.screen import screen
from edge.errors import ConfigError


def convert(
    verdicts: Annotated[
        Path, typer.Argument(metavar="VERDICTS", help="A file that --jsonl has written.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="|".join(FORMATS), help="The format.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FILE|-",
            help="Where to; default: beside VERDICTS, with the format's ending; - is stdout.",
        ),
    ] = None,
    person: Annotated[
        int | None,
        typer.Option("--person", min=1, help="Of run --people: whose; default: the first there."),
    ] = None,
    no_unsure: Annotated[
        bool, typer.Option("--no-unsure", help="Leave out the times when the answer is withheld.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that exists.")
    ] = False,
) -> None:
    """Convert the verdicts of a run to a table, subtitles, or a file of an annotation program.

    cdat-edge run --file film.mp4 --jsonl film.jsonl

    cdat-edge convert film.jsonl --to csv            one row a verdict: film.csv

    cdat-edge convert film.jsonl --to vtt            subtitles: film.vtt

    cdat-edge convert film.jsonl --to elan           tiers of ELAN: film.eaf
    """
    form = FORMATS.get(to)
    if form is None:
        raise ConfigError(f"--to {to} is not a format: choose {', '.join(FORMATS)}.")
    place = None if out == "-" else Path(out) if out else verdicts.with_suffix(form.suffix)
    if place is not None:
        check_place(place, verdicts, overwrite)
    elif form.binary and sys.stdout.isatty():
        raise ConfigError(f"--to {to} is not text for a terminal: give a file with --out.")
    run = Verdicts(verdicts, person)
    told = write_whole(form, run, not no_unsure, place)
    console = screen(stderr=place is None or not sys.stdout.isatty())
    if run.timeless:
        console.print(
            f"note: {run.timeless} verdicts have no time on the film, they were made before it"
            " began: they are left out.",
            style="yellow",
            soft_wrap=True,
        )
    if place is not None:
        console.print(f"{place}: {told} from {len(run)} verdicts.", soft_wrap=True)
