"""`all`, `confide`, `fit` and `transfer`, for the live bundle or for CDaT on an aligned corpus; the
kind of the configuration decides which."""

from __future__ import annotations

import typer

from edge.errors import ConfigError
from train.commands.aligned import (
    must_be_cdat,
    open_work,
    show_test_metrics,
    write_report_of,
)
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
    watch,
    with_hardware,
)
from train.hardware import first


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
    show_test_metrics(work, "base")


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
    show_test_metrics(work, "base", "cdat")


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
