"""Shared by the commands: options, the log, and the message about a missing package."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import EdgeError, SinkError
from train.config import Hardware
from train.epochs import Board, MetricsFile
from train.hardware import first, use

Config = Annotated[Path, typer.Argument(help="A file of configs/train.")]
Out = Annotated[Path | None, typer.Option(help="Run folder; runs/<name of the file> without it.")]
Data = Annotated[
    Path | None, typer.Option(help="Folder of the corpora; CDAT_DATA or ../shared/data without it.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key of the file: vision.epochs=4.")
]


Accelerator = Annotated[
    str | None,
    typer.Option(help="auto, cpu or cuda: the key hardware.accelerator. auto takes a GPU."),
]
Devices = Annotated[
    str | None,
    typer.Option(help="Processes that train together, started by torchrun: hardware.devices."),
]
Precision = Annotated[
    str | None,
    typer.Option(help="32-true, bf16-mixed or 16-mixed: the key hardware.precision."),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write each epoch for `tensorboard --logdir RUN`.")
]


def with_hardware(
    changes: list[str] | None, accelerator: str | None, devices: str | None, precision: str | None
) -> list[str]:
    """The changes of --set and those of the options of the hardware."""
    given = {"accelerator": accelerator, "devices": devices, "precision": precision}
    return [*(changes or []), *(f"hardware.{k}={v}" for k, v in given.items() if v is not None)]


def take_hardware(hardware: Hardware) -> None:
    """Train on this from now on. Raises: ConfigError, as `train.hardware.use`."""
    with training_packages():
        use(hardware.accelerator, hardware.devices, hardware.precision, hardware.timeout_s)


@contextmanager
def training_packages(extra: str = "train") -> Iterator[None]:
    """Replace a failed import by an error that names the package and the extra to install.

    Raises:
        EdgeError: A package is missing.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise EdgeError(
            f"Training needs the package {package}, which is not installed: "
            f"pip install 'cdat-edge[{extra}]'."
        ) from error


def log_to(folder: Path, epochs: bool = True) -> None:
    """Log to standard error, and append to train.log in the run folder; of several processes that
    train together, the first one does. `epochs`: write metrics.jsonl, too."""
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("train")
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    if not first():
        log.addHandler(logging.NullHandler())
        return
    if epochs:
        log.addHandler(MetricsFile(folder))
    line = logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(folder / "train.log")):
        handler.setFormatter(line)
        log.addHandler(handler)


def watch(folder: Path) -> None:
    """Write each epoch for TensorBoard as well. Raises: EdgeError, without tensorboard."""
    if first():
        logging.getLogger("train").addHandler(Board(folder))


def draw_curves(folder: Path) -> None:
    """Write curves.png and calibration.png beside the report; a sentence where matplotlib is
    missing."""
    from train.calibration import plot_calibration
    from train.curves import plot_curves

    with no_plot_without_matplotlib("curves.png and no calibration.png"):
        plot_curves(folder)
        plot_calibration(folder)


@contextmanager
def no_plot_without_matplotlib(plots: str) -> Iterator[None]:
    """Go on without `plots`, with a sentence in the log, where matplotlib is missing."""
    try:
        yield
    except SinkError as error:
        logging.getLogger("train").info("no %s: %s", plots, error)
