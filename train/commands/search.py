"""`search`: hyperparameters chosen on validation, within a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.errors import ConfigError
from train.commands.options import Config, Data, Out, Set, log_to, training_packages
from train.hardware import processes


def search(
    config: Config,
    trials: Annotated[int, typer.Option(help="Trials in all, also of earlier calls.")] = 20,
    minutes: Annotated[float, typer.Option(help="Minutes of this call.")] = 60.0,
    stage: Annotated[
        str | None,
        typer.Option(help="The stage whose validation score counts; the last one without it."),
    ] = None,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Search the keys of the section `search` of a configuration of CDaT or of your recordings."""
    if trials < 1 or not minutes > 0:
        raise ConfigError(
            f"A search of {trials} trials and {minutes:g} minutes does nothing: give --trials of 1"
            " or more and --minutes above 0."
        )
    if processes() > 1:
        raise ConfigError("A search is one process: start it without torchrun.")
    with training_packages("search"):
        import optuna  # noqa: F401
    with training_packages():
        from train.config import read
        from train.search.opened import open_search
        from train.search.result import BEST_NAME, write_result
        from train.search.search import (
            STORAGE_NAME,
            Budget,
            finished,
            open_study,
            run_search,
            stored,
        )

    folder = (out or Path("runs") / config.stem) / "search"
    found = open_search(read(config, set_), f"{config} or a --set", stage, folder, data)
    study = open_study(found)
    log_to(folder, epochs=False)
    typer.echo(
        f"At most {trials} trials, {finished(study)} of which are done, and {minutes:g} minutes;"
        f" the score is that of {found.stage} on validation, seed {found.seed}."
    )
    with stored(folder / STORAGE_NAME):
        run_search(found, study, Budget(trials, minutes))
        page = write_result(found, study)
    typer.echo(page)
    if (folder / BEST_NAME).is_file():
        typer.echo(f"Next: cdat-train all {folder / BEST_NAME}")
