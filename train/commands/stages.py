"""`all`, `confide`, `fit` and `transfer`, for the live bundle or for CDaT on an aligned corpus; the
kind of the configuration decides which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edge.errors import ConfigError
from train.commands.live import open_run
from train.commands.options import (
    Accelerator,
    Config,
    Data,
    Devices,
    Out,
    Precision,
    Set,
    TensorBoard,
    draw_curves,
    log_to,
    no_plot_without_matplotlib,
    take_hardware,
    training_packages,
    watch,
    with_hardware,
)
from train.hardware import first

if TYPE_CHECKING:
    from train.studies.cdat.command import Work


def all_(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """Run or resume every stage: those of a live bundle, or CDaT's fit, confide and transfer, and
    report."""
    changes = with_hardware(set_, accelerator, devices, precision)
    work = open_work(config, out, data, changes)
    if work is not None:
        if tensorboard:
            watch(work.folder)
        work.fit()
        work.confide()
        work.trained_on()
        work.transfer()
        if first():
            write_report_of(work)
        return
    run = open_run(config, out, data, changes)
    if tensorboard:
        watch(run.folder)
    run.encoders()
    run.fusion()
    run.confide()
    run.transfer()
    if not first():
        return
    run.report()
    draw_curves(run.folder)
    typer.echo(f"Done: {run.folder}. Next: cdat-export build {run.folder} --out BUNDLE")


def fit(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """CDaT, stage 1: the fusion model on an aligned corpus."""
    work = must_be_cdat(config, out, data, with_hardware(set_, accelerator, devices, precision))
    if tensorboard:
        watch(work.folder)
    work.fit()
    _show_test_metrics(work, "base")


def confide(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """ConfidNet on held-out groups, with fusion frozen, for either kind of configuration."""
    changes = with_hardware(set_, accelerator, devices, precision)
    work = open_work(config, out, data, changes)
    run = work or open_run(config, out, data, changes)
    if tensorboard:
        watch(run.folder)
    run.confide()


def transfer(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """CDaT, stage 3: transfer between streams, weighted by ConfidNet, for either kind."""
    changes = with_hardware(set_, accelerator, devices, precision)
    work = open_work(config, out, data, changes)
    if work is None:
        run = open_run(config, out, data, changes)
        if run.config.transfer is None:
            raise ConfigError(
                f"{config} has no section 'transfer': give a file such as"
                " configs/train/cdat_live.yaml."
            )
        if tensorboard:
            watch(run.folder)
        run.transfer()
        return
    if tensorboard:
        watch(work.folder)
    work.transfer()
    _show_test_metrics(work, "base", "cdat")


def report(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Measure the trained stages on test, and write report.json; a live bundle's thresholds are
    chosen on validation before."""
    work = open_work(config, out, data, set_)
    if work is not None:
        write_report_of(work)
        return
    run = open_run(config, out, data, set_)
    run.report()
    draw_curves(run.folder)
    typer.echo(f"Written: {run.folder / 'report.json'}")


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


def _show_test_metrics(work: Work, *stages: str) -> None:
    from train.studies.cdat.command import shown

    if not first():
        return
    for stage in stages:
        typer.echo(f"{stage:10} test: {shown(work.test(stage))}")
