"""`cdat-train extract`: a folder or table of the user's own files becomes a corpus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from edge.commands.counted import counted
from edge.commands.screen import screen
from edge.errors import ConfigError
from train.commands.options import training_packages
from train.task import Task

if TYPE_CHECKING:
    from train.corpora.recorded.extract import RecordAll
    from train.corpora.recorded.record import Recorded
    from train.corpora.recorded.summary import Summary


class Asr(str, Enum):
    """Speech-to-text for files without a transcript."""

    auto = "auto"
    pocketsphinx = "pocketsphinx"
    vosk = "vosk"
    none = "none"


class Kind(str, Enum):
    """The task, where it is not to be found from the labels."""

    classes = "classes"
    labels = "labels"
    regression = "regression"


def extract(
    source: Annotated[
        Path,
        typer.Argument(help="A folder whose subfolders are labels, or a table (.csv, .tsv)."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the corpus: new, or to be completed.")],
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one a core without it.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS",
            help="Record on a Ray cluster: HOST:PORT or ray://HOST:PORT; auto starts one here.",
        ),
    ] = None,
    views: Annotated[
        int, typer.Option(min=0, max=100, help="Further recordings of each file, with faults.")
    ] = 2,
    asr: Annotated[
        Asr, typer.Option(help="Speech-to-text where a sample has no transcript.")
    ] = Asr.auto,
    task: Annotated[
        Kind | None, typer.Option(help="classes, or labels where one has a '|', without it.")
    ] = None,
    person_from: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="The person where the table names none: one group, found in the file's path.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Record your own videos and sounds as a corpus, with the live front ends. Resumable."""
    with training_packages():
        from train.corpora.recorded.extract import extract as record
        from train.corpora.recorded.table import read_source
    must_be_outside("--out", out, source)
    chosen: Task | None = None if task is None else task.value
    given = read_source(source, chosen, person_from)
    cores = usable_cores()
    with ExitStack() as opened:
        crew: RecordAll | None = None
        if ray is not None:
            from train.corpora.recorded.on_ray import on_ray

            crew = opened.enter_context(on_ray(ray, workers, cores, partial(typer.echo, err=True)))
        progress = opened.enter_context(shown_progress(len(given.files)))
        summary = record(given, out, workers or cores, views, asr.value, seed, progress, crew)
    if as_json:
        typer.echo(summary.model_dump_json(indent=1))
    else:
        show(summary)


def must_be_outside(option: str, out: Path, source: Path) -> None:
    """Raises: ConfigError, if the corpus would be written among the files that it is made of."""
    if out.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"{option} {out} is inside {source}: name a folder outside.")


def usable_cores() -> int:
    """Cores that this process may use: a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def shown_progress(files: int) -> Iterator[Callable[[str, Recorded], None]]:
    """A bar on standard error if it is a terminal, else a line a file."""
    console = screen(stderr=True)
    with counted(console, "files") as bar:
        task = bar.add_task("recording", total=files)
        done = 0

        def progress(shown: str, recorded: Recorded) -> None:
            nonlocal done
            done += 1
            bar.advance(task)
            outcome = "left out: " + recorded.reason if recorded.reason else "recorded"
            if recorded.reason or not console.is_terminal:
                line = f"{done}/{files}  {shown}: {outcome}"
                console.print(line, soft_wrap=True)

        yield progress


NAMED = 4
"""Persons that are named in a line of the result."""


def uneven(samples_by_person: dict[str, int]) -> dict[str, str]:
    """Who has the most samples and who has one only, in a line each; the most come first."""
    total = sum(samples_by_person.values())
    most = [
        f"{person} {count} ({100 * count / total:.0f} %)"
        for person, count in samples_by_person.items()
        if count > 1
    ]
    lines = {"the most samples": most}
    if single := [person for person, count in samples_by_person.items() if count == 1]:
        lines["one sample only"] = single
    return {name: _first_of(persons) for name, persons in lines.items()}


def _first_of(persons: list[str]) -> str:
    further = f" and {len(persons) - NAMED} more" if len(persons) > NAMED else ""
    return ", ".join(persons[:NAMED]) + further


def show(summary: Summary) -> None:
    """Print the result for people."""
    console = screen(stderr=False)
    facts = Table(show_header=False, box=None)
    again = f", {summary.resumed} of them by an earlier call" if summary.resumed else ""
    facts.add_row("files", f"{summary.files}{again}")
    facts.add_row("samples", str(summary.samples))
    facts.add_row("persons", str(summary.persons))
    fewest, most = summary.samples_of_a_person
    each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    facts.add_row("samples of a person", each)
    if fewest < most:
        for name, persons in uneven(summary.samples_by_person).items():
            facts.add_row(name, persons)
    if summary.persons_with_one_label is not None:
        facts.add_row("persons with one label only", str(summary.persons_with_one_label))
    facts.add_row("minutes", f"{summary.minutes:g}")
    facts.add_row("recordings with faults", str(summary.views))
    facts.add_row("size on disk", f"{summary.megabytes:g} MB")
    for name, count in (
        ("files without a face", summary.no_face),
        ("files without sound", summary.no_sound),
        ("truncated files", summary.truncated),
        ("recordings no longer used", summary.unused),
    ):
        if count:
            facts.add_row(name, str(count))
    console.print(facts)
    splits = sorted({split for by_split in summary.labels.values() for split in by_split})
    labels = Table("label", *splits)
    for label, by_split in summary.labels.items():
        labels.add_row(label, *(str(by_split.get(split, 0)) for split in splits))
    console.print(labels)
    if summary.left_out:
        reasons = Table("left out", "because")
        for reason, count in summary.left_out.items():
            reasons.add_row(str(count), reason)
        console.print(reasons)
    console.print(f"Written: {summary.corpus}", soft_wrap=True)
