"""`cdat-train evaluate`: the product's answers on recordings, measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.bundle.load import Bundle, default_bundle
from edge.commands.counted import counted
from edge.commands.screen import screen
from train.commands.media import (
    Extraction,
    HeardBy,
    Keep,
    PersonFrom,
    Workers,
    as_recordings,
    must_be_used,
)
from train.commands.options import training_packages

DEFAULT = Path("default")


class Which(str, Enum):
    """The samples to measure."""

    test = "test"
    all = "all"


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="A bundle, or `default` for the packaged one.")],
    corpus: Annotated[
        Path,
        typer.Argument(
            help="A corpus of `extract`, recordings of `cdat-edge run --record`, or media files: a"
            " folder, perhaps of label folders, or a table."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json, README.md and the plots.")
    ] = None,
    split: Annotated[
        Which, typer.Option(help="test: the persons that training did not see, where known.")
    ] = Which.test,
    keep: Keep = None,
    asr: HeardBy = None,
    person_from: PersonFrom = None,
    workers: Workers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure the live recogniser's answers, drops and abstentions on recordings."""
    opened = open_bundle(bundle)
    with training_packages():
        from train.evaluation.evaluate import evaluate as measure
        from train.evaluation.evaluate import write
        from train.evaluation.page import headline
    how = Extraction(keep, asr, person_from, workers)
    must_be_used(how, corpus)
    with ExitStack() as lasting:
        recordings = lasting.enter_context(as_recordings(corpus, opened.manifest.task, how))
        progress = lasting.enter_context(shown_replays(screen(stderr=True)))
        report = measure(opened, recordings, split.value, progress)
    if out is not None:
        write(report, out)
    if as_json:
        typer.echo(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
        return
    typer.echo(headline(report))
    if out is not None:
        typer.echo(f"Written: {out / 'README.md'}")


def open_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`; `default` is the packaged one. Raises: BundleError."""
    return Bundle.load(default_bundle() if folder == DEFAULT else folder)


@contextmanager
def shown_replays(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left, if the console is a terminal."""
    with counted(console, "recordings") as bar:
        task = bar.add_task("replaying", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
