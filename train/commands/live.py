"""The stages of the live bundle's networks: `encoders`, `fusion`, `report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.commands.options import Config, Data, Out, Set, log_to, training_packages

if TYPE_CHECKING:
    from train.stages.pipeline import TrainingRun


def encoders(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Stage 1: one encoder for each stream, with its own classification head."""
    open_run(config, out, data, set_).encoders()


def fusion(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Stage 2: tensor fusion of the encoders' embeddings, under all masks and faults."""
    open_run(config, out, data, set_).fusion()


def report(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Choose thresholds on validation, measure metrics on test, and write report.json."""
    run = open_run(config, out, data, set_)
    run.report()
    typer.echo(f"Written: {run.folder / 'report.json'}")


def choose(
    config: Config,
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Compare four fusion models, with and without transfer, on composed validation data."""
    run = open_run(config, out, data, set_)
    with training_packages():
        from train.studies.choose import compare_fusion_models, page
    windows, key = run.windows(), run.encoders_key()
    found = compare_fusion_models(run.config, windows, run.folder, seeds, key)
    typer.echo("Composed by class, validation:\n" + page(found))
    typer.echo(f"Written: {run.folder / 'choice.json'}")


def open_run(
    config: Path, out: Path | None, data: Path | None, changes: list[str] | None
) -> TrainingRun:
    """Open the run folder of a live bundle's configuration."""
    from train.config import load

    checked = load(config, changes)
    with training_packages():
        from train.stages.pipeline import TrainingRun
    folder = out or Path("runs") / config.stem
    log_to(folder)
    return TrainingRun(checked, folder, data)
