"""`inspect`: what a data set, a corpus, recordings, a table or a folder of clips contains."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.config.yaml_keys import apply_settings
from edge.errors import DataError
from train.commands.options import training_packages

if TYPE_CHECKING:
    from train.corpora.copies.inspection import Inspection
    from train.stages.recorded.own_counts import OwnInspection

TASKS = {
    "classes": "one label a sample",
    "labels": "any number of labels a sample",
    "regression": "a number a sample",
}


def inspect(
    path: Annotated[
        Path,
        typer.Argument(
            help="A file, or a folder with one data set; or your own: a corpus of `extract`,"
            " recordings, a table, a folder of clips."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="An option of the reader: target=binary; of your own files task or person_from.",
        ),
    ] = None,
) -> None:
    """Show what a data set or your own data is, its shapes or streams, splits, labels, persons and
    faults, and which config fits. The exit status is 1 if there are faults."""
    with training_packages():
        from train.corpora.copies import inspection
        from train.stages.recorded.inspection import inspect_clips, inspect_own
    options: dict[str, object] = {}
    apply_settings(options, set_ or [], "target=binary")
    own = inspect_own(path, options)
    if own is None:
        try:
            found = inspection.inspect(path, **options)
        except DataError:
            own = inspect_clips(path, options)
            if own is None:
                raise
    if own is not None:
        typer.echo(json.dumps(own.as_data(), indent=2) if as_json else own_page(own))
        faults = own.faults
    else:
        typer.echo(json.dumps(asdict(found), indent=2) if as_json else page(found))
        faults = found.faults
    if faults:
        raise typer.Exit(1)


def own_page(found: OwnInspection) -> str:
    """The same of a user's own data."""
    from train.corpora.recorded.persons import told

    lines = [f"{found.path}: {found.says}"]
    if found.streams:
        lines.append(f"  files   {found.files}, {found.minutes:g} minutes")
        lines += [f"  {name:7} in {count} files" for name, count in found.streams.items()]
    if found.persons is not None:
        lines.append(f"  task    {TASKS.get(found.task, found.task)}")
        lines.append(f"  persons {told(found.persons)}")
        lines.append(f"  splits  {_counts(found.splits)}")
    lines += [f"  label   {label}: {_counts(by)}" for label, by in found.labels.items()]
    if found.unlabelled:
        lines.append(f"  without a label: {_unlabelled(found.unlabelled)}")
    if found.range:
        lines.append(f"  target  {found.range[0]:g} to {found.range[1]:g}")
    lines += [f"  FAULT   {fault}" for fault in found.faults] or ["  no faults"]
    lines += [f"  next    {command}" for command in found.commands]
    return "\n".join(lines)


def _unlabelled(counts: dict[str, dict[str, int]]) -> str:
    by_person = counts["person"]
    few, most = min(by_person.values()), max(by_person.values())
    each = f"{few}" if few == most else f"{few} to {most}"
    samples = f"{sum(by_person.values())} samples ({_counts(counts['split'])})"
    persons = f"{len(by_person)} persons, each with {each}"
    return f"{samples} of {persons}; a transfer may use those for training"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def page(found: Inspection) -> str:
    """The report as lines of text."""
    lines = [f"{found.path}: {found.says}"]
    if found.shapes:
        lines.append(f"  task    {TASKS.get(found.task, found.task)}")
        lines += [
            f"  {name:7} {samples} samples, {steps} steps, {features} features"
            + (f"; {found.without[name]} samples lack it" if name in found.without else "")
            for name, (samples, steps, features) in found.shapes.items()
        ]
        lines.append(f"  splits  {_counts(found.splits)}; {found.groups} groups")
    lines += [f"  label   {label}: {_counts(by)}" for label, by in found.labels.items()]
    for label, (low, high) in found.ranges.items():
        lines.append(f"  target  {label}: {low:g} to {high:g}")
    lines += [f"  FAULT   {fault}" for fault in found.faults] or ["  no faults"]
    lines += [f"  train   {command}" for command in found.commands]
    return "\n".join(lines)
