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
from train.epochs import Board, MetricsFile

Config = Annotated[Path, typer.Argument(help="A file of configs/train.")]
Out = Annotated[Path | None, typer.Option(help="Run folder; runs/<name of the file> without it.")]
Data = Annotated[
    Path | None, typer.Option(help="Folder of the corpora; CDAT_DATA or ../shared/data without it.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key of the file: vision.epochs=4.")
]


TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write each epoch for `tensorboard --logdir RUN`.")
]


@contextmanager
def training_packages() -> Iterator[None]:
    """Replace a failed import by an error that names the package to install.

    Raises:
        EdgeError: A package is missing.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or str(error)).split(".")[0]
        raise EdgeError(
            f"Training needs the package {package}, which is not installed: "
            "pip install 'cdat-edge[train]'."
        ) from error


def log_to(folder: Path) -> None:
    """Log to standard error, and append to train.log in the run folder."""
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("train")
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    log.addHandler(MetricsFile(folder))
    line = logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(folder / "train.log")):
        handler.setFormatter(line)
        log.addHandler(handler)


def watch(folder: Path) -> None:
    """Write each epoch for TensorBoard as well. Raises: EdgeError, without tensorboard."""
    logging.getLogger("train").addHandler(Board(folder))


def draw_curves(folder: Path) -> None:
    """Write curves.png beside the report; a sentence where matplotlib is missing."""
    from train.curves import plot_curves

    try:
        plot_curves(folder)
    except SinkError as error:
        logging.getLogger("train").info("no curves.png: %s", error)
