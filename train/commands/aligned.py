"""The run folder of CDaT on an aligned corpus, for the commands, and its figures on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edge.errors import ConfigError
from train.commands.options import (
    draw_curves,
    log_to,
    no_plot_without_matplotlib,
    take_hardware,
    training_packages,
)
from train.hardware import first

if TYPE_CHECKING:
    from train.studies.cdat.command import Work


def write_report_of(work: Work) -> None:
    """The report of a run on an aligned corpus, with its plots, and its main figures on the
    screen."""
    from train.studies.cdat.command import shown
    from train.studies.cdat.report_plot import plot

    found = work.report()
    draw_curves(work.folder)
    with no_plot_without_matplotlib("figures.png"):
        plot(found, work.folder)
    for name, stage in found.stages.items():
        figures = {key: one for key, one in stage.splits["test"].figures.items() if one is not None}
        typer.echo(f"{name:10} test: {shown(figures)}")
    typer.echo(f"Written: {work.folder / 'report.json'}, README.md and the plots beside it")


def open_work(
    config: Path, out: Path | None, data: Path | None, changes: list[str] | None
) -> Work | None:
    """CDaT's run folder, or None where the configuration is a live bundle's."""
    with training_packages():
        from train.studies.cdat.command import Work, is_cdat, load
    if not is_cdat(config, changes):
        return None
    folder = out or Path("runs") / config.stem
    checked = load(config, changes)
    take_hardware(checked.hardware)
    log_to(folder)
    return Work(checked, folder, data)


def must_be_cdat(
    config: Path, out: Path | None, data: Path | None, changes: list[str] | None
) -> Work:
    """As `open_work`.

    Raises:
        ConfigError: The configuration is of another kind.
    """
    work = open_work(config, out, data, changes)
    if work is None:
        raise ConfigError(
            f"{config} has no keys 'corpus' and 'transfer': give a file such as"
            " configs/train/cdat_mosi.yaml."
        )
    return work


def show_test_metrics(work: Work, *stages: str) -> None:
    """The main figures of some stages on the screen, in the first process."""
    from train.studies.cdat.command import shown

    if not first():
        return
    for stage in stages:
        typer.echo(f"{stage:10} test: {shown(work.test(stage))}")
