"""`cdat-train iemocap`: IEMOCAP's own folder becomes clips and a table for `extract`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edge.commands.counted import counted
from edge.commands.screen import screen
from train.commands.extract import must_be_outside
from train.commands.options import training_packages


class Target(str, Enum):
    """What is to be recognised."""

    four = "four"
    six = "six"
    valence = "valence"
    activation = "activation"
    dominance = "dominance"


def iemocap(
    folder: Annotated[Path, typer.Argument(help="The folder with Session1 to Session5.")],
    out: Annotated[Path, typer.Option(help="Folder for the clips: new, or to be completed.")],
    target: Annotated[
        Target, typer.Option(help="Four emotions, six, or a number from 1 to 5.")
    ] = Target.four,
    session: Annotated[int, typer.Option(min=1, max=5, help="Its speakers are for test.")] = 5,
) -> None:
    """Cut IEMOCAP's films into clips of the one who speaks, with a table for `extract`."""
    with training_packages():
        from train.corpora.copies.iemocap_clips import NUMBERS, write_clips
    must_be_outside("--out", out, folder)
    console = screen(stderr=True)
    with counted(console, "dialogues") as bar:
        task = bar.add_task("cutting", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if not console.is_terminal:
                console.print(f"{done}/{total} dialogues", soft_wrap=True)

        found = write_clips(folder, out, target.value, session, progress)
    for note in found.notes:
        typer.echo(note)
    for reason, count in found.left_out.items():
        typer.echo(f"Left out: {count} utterances: {reason}")
    told = "".join(f", {count} {label}" for label, count in found.labels.items())
    typer.echo(f"{found.samples} utterances, {found.with_picture} with a picture{told}")
    number = " --task regression" if target.value in NUMBERS else ""
    typer.echo(f"Next: cdat-train extract {found.table} --out CORPUS{number}")
