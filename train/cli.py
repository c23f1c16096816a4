"""`cdat-train`: the command line. Each group of commands is a file of `train.commands`."""

from __future__ import annotations

import sys

import typer

from edge.commands.version import root
from edge.errors import ConfigError, EdgeError
from train.commands.adapt import adapt
from train.commands.evaluate import evaluate
from train.commands.extract import extract
from train.commands.iemocap import iemocap
from train.commands.inspect import inspect
from train.commands.live import choose, encoders, fusion
from train.commands.people_studies import adapt_study, calibration_study, strangers
from train.commands.refit import refit
from train.commands.search import search
from train.commands.signal_studies import faults, mouth, swaps, voices, words
from train.commands.stages import all_, confide, fit, report, transfer
from train.commands.studies import compare, cost, factorial, factorial_table, masks, translate
from train.hardware import first

app = typer.Typer(
    name="cdat-train",
    help="Train the networks of a bundle, or compare methods on an aligned corpus. `all` runs every"
    " stage and resumes an interrupted run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("all")(all_)
app.command()(extract)
app.command()(evaluate)
app.command()(adapt)
app.command()(refit)
for stage in (encoders, fusion, confide, report, fit, transfer):
    app.command()(stage)
app.command()(choose)
app.command()(compare)
app.command()(factorial)
app.command()(factorial_table)
app.command()(cost)
app.command()(masks)
app.command()(translate)
app.command()(faults)
app.command()(mouth)
app.command()(swaps)
app.command()(voices)
app.command()(words)
app.command()(strangers)
app.command("adapt-study")(adapt_study)
app.command("calibration-study")(calibration_study)
app.command()(iemocap)
app.command()(inspect)
app.command()(search)
app.callback()(root)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: an `EdgeError` is printed on standard error as one sentence; exit status 1."""
    try:
        app(arguments, standalone_mode=True)
    except EdgeError as error:
        # Processes that train together have the same configuration, and one says what is wrong.
        if first() or not isinstance(error, ConfigError):
            print(f"cdat-train: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(
            f"cdat-train: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr
        )
        sys.exit(1)
