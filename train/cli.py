"""`cdat-train`: from corpora to a run folder that `cdat-export build` makes a bundle of."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.errors import EdgeError

if TYPE_CHECKING:
    from train.pipeline import Run

app = typer.Typer(
    name="cdat-train",
    help="Train the networks of a bundle. `all` runs every stage and goes on where it was stopped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path, typer.Argument(help="A file like configs/train/default.yaml.")]
Out = Annotated[Path | None, typer.Option(help="Run folder; runs/<name of the file> without it.")]
Data = Annotated[
    Path | None, typer.Option(help="Folder of the corpora; CDAT_DATA or ../shared/data without it.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key of the file: vision.epochs=4.")
]


@app.command("all")
def all_(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Encoders, fusion, confidence and the report, each where it was left."""
    run = _open(config, out, data, set_)
    run.encoders()
    run.fusion()
    run.confide()
    run.report()
    typer.echo(f"Done: {run.folder}. Next: cdat-export build {run.folder} --out BUNDLE")


@app.command()
def encoders(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Stage 1: an encoder a stream, each with its own classification head."""
    _open(config, out, data, set_).encoders()


@app.command()
def fusion(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Stage 2: tensor fusion of the encoders' codes, under all masks and faults."""
    _open(config, out, data, set_).fusion()


@app.command()
def confide(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Stage 3: ConfidNet on held-out items, fusion frozen."""
    _open(config, out, data, set_).confide()


@app.command()
def report(config: Config, out: Out = None, data: Data = None, set_: Set = None) -> None:
    """Thresholds from validation and figures from test, into report.json."""
    run = _open(config, out, data, set_)
    run.report()
    typer.echo(f"Written: {run.folder / 'report.json'}")


@app.command()
def faults(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle; the one that ships without it.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The bundle's run folder: the learned rivals are trained beside it."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where faults.json and faults.md go.")] = Path(
        "runs/faults"
    ),
    data: Data = None,
    people: Annotated[int, typer.Option(min=1, help="People for each label, in each split.")] = 10,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """What the gate is worth: every fault on every stream, against other ways to decide."""
    from edge.bundle import Bundle, default_bundle

    out.mkdir(parents=True, exist_ok=True)
    _log_to(out)
    checked = Bundle.load(bundle or default_bundle())
    from train.faults import command

    score = command.rivals_of(run, data) if run else command.no_rivals
    report = command.run_study(checked, data, out, people, seed, score)
    typer.echo(command.headline(report))
    typer.echo(f"Written: {out / 'faults.md'}")


@app.command()
def translate(
    config: Annotated[Path, typer.Argument(help="A file like configs/train/translate_mosi.yaml.")],
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each variant; the file says without it.")
    ] = None,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """The strongest stream teaches the others, by translation and alignment; against none."""
    try:
        from train.translate import command
    except ImportError as error:
        raise _lacking(error) from error
    checked = command.load(config, set_)
    folder = out or Path("runs") / config.stem
    _log_to(folder)
    typer.echo(command.translate(checked, folder, data, seeds))
    typer.echo(f"Written: {folder / 'table.md'} and the raw runs, {folder / 'results.json'}")


def _open(config: Path, out: Path | None, data: Path | None, changes: list[str] | None) -> Run:
    from train.config import load

    checked = load(config, changes)
    try:
        from train.pipeline import Run
    except ImportError as error:
        raise _lacking(error) from error
    folder = out or Path("runs") / config.stem
    _log_to(folder)
    return Run(checked, folder, data)


def _lacking(error: ImportError) -> EdgeError:
    package = (error.name or str(error)).split(".")[0]
    return EdgeError(
        f"Training needs the package {package}, which is not installed: "
        "pip install 'cdat-edge[train]'."
    )


def _log_to(folder: Path) -> None:
    """To standard error, and to train.log in the run folder, which later runs go on writing."""
    folder.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("train")
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    line = logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S")
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(folder / "train.log")):
        handler.setFormatter(line)
        log.addHandler(handler)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: an error of the tree is one sentence on standard error, and exit 1."""
    try:
        app(arguments, standalone_mode=True)
    except EdgeError as error:
        print(f"cdat-train: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(
            f"cdat-train: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr
        )
        sys.exit(1)
    except KeyboardInterrupt:
        print("cdat-train: stopped; the same command goes on from here.", file=sys.stderr)
        sys.exit(130)
