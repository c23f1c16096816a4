"""`inspect`: what a file or folder of a data set contains."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.config.yaml_keys import apply_settings
from train.commands.options import training_packages

if TYPE_CHECKING:
    from train.corpora.copies.inspection import Inspection


def inspect(
    path: Annotated[Path, typer.Argument(help="A file, or a folder with one data set.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the reader: target=binary.")
    ] = None,
) -> None:
    """Show what a data set is, its shapes, splits, labels and faults, and which config fits. The
    exit status is 1 if there are faults."""
    with training_packages():
        from train.corpora.copies import inspection
    options: dict[str, object] = {}
    apply_settings(options, set_ or [], "target=binary")
    found = inspection.inspect(path, **options)
    typer.echo(json.dumps(asdict(found), indent=2) if as_json else page(found))
    if found.faults:
        raise typer.Exit(1)


def page(found: Inspection) -> str:
    """The report as lines of text."""
    lines = [f"{found.path}: {found.says}"]
    if found.shapes:
        task = {"classes": "one label a sample", "labels": "any number of labels a sample"}
        lines.append(f"  task    {task.get(found.task, found.task)}")
        lines += [
            f"  {name:7} {samples} samples, {steps} steps, {features} features"
            + (f"; {found.without[name]} samples lack it" if name in found.without else "")
            for name, (samples, steps, features) in found.shapes.items()
        ]
        splits = ", ".join(f"{split} {count}" for split, count in found.splits.items())
        lines.append(f"  splits  {splits}; {found.groups} groups")
    for label, counts in found.labels.items():
        told = ", ".join(f"{split} {count}" for split, count in counts.items())
        lines.append(f"  label   {label}: {told}")
    for label, (low, high) in found.ranges.items():
        lines.append(f"  target  {label}: {low:g} to {high:g}")
    lines += [f"  FAULT   {fault}" for fault in found.faults] or ["  no faults"]
    lines += [f"  train   {command}" for command in found.commands]
    return "\n".join(lines)
