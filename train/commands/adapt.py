"""`cdat-train adapt`: a bundle fitted to recordings of its user's own people and room."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from edge.commands.screen import screen
from train.commands.evaluate import open_bundle, shown_replays
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


def adapt(
    bundle: Annotated[Path, typer.Argument(help="A bundle, or `default` for the packaged one.")],
    recordings: Annotated[
        Path,
        typer.Argument(
            help="Recordings of `cdat-edge run --record`, a corpus of `extract`, or media files: a"
            " folder, perhaps of label folders, or a table."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the new bundle; it must not exist.")],
    off: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave a step out: shift, prior, thresholds, number, temperature, confidence,"
            " gate or typical."
        ),
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(help="Also try a step that is off by default: transfer."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Recordings on which the bundle is good; the step shift needs them."),
    ] = None,
    keep: Keep = None,
    asr: HeardBy = None,
    person_from: PersonFrom = None,
    workers: Workers = None,
    written: Annotated[
        Path | None,
        typer.Option("--report", help="Folder for report.json and steps.png, a plot of the steps."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Adapt a bundle to recordings of your people and room, of which few or none are labelled. What
    makes the answers worse is not kept. To undo it, use the old bundle: it stays as it is. The exit
    status is 1 if no step is kept; then no bundle is written."""
    base = open_bundle(bundle)
    with training_packages():
        from train.adaptation.adapt import adapt as fit
        from train.adaptation.adapt import check_request
        from train.adaptation.report import write_report
    check_request(base, out, off or (), step or ())
    console = screen(stderr=True)
    how, task = Extraction(keep, asr, person_from, workers), base.manifest.task
    must_be_used(how, recordings, reference)
    beside = how if reference is None else how.beside("reference")
    with ExitStack() as opened:
        own = opened.enter_context(as_recordings(recordings, task, how))
        there = None
        if reference is not None:
            there = opened.enter_context(as_recordings(reference, task, beside))
        report = fit(
            base,
            own,
            out,
            off or (),
            there,
            lambda line: console.print(line, soft_wrap=True),
            opened.enter_context(shown_replays(console)),
            step or (),
        )
    if written is not None:
        write_report(report, written)
    if as_json:
        typer.echo(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show(report, base.folder, out)
    if not report["written"]:
        raise typer.Exit(1)


def show(report: dict[str, Any], base: Path, out: Path) -> None:
    """Print the report for people."""
    from train.adaptation.report import FIGURES

    console = screen(stderr=False)
    console.print(
        f"{report['recordings']} recordings, {report['seconds']:g} s,"
        f" {report['labelled_samples']} labelled samples; check: {report['check']}",
        soft_wrap=True,
    )
    figure = report["figure"]
    name_of = f"{FIGURES[figure]}, %" if figure == "accuracy" else FIGURES[figure]
    table = Table("step", "checked", name_of, "kept", "because")
    for name, row in report["steps"].items():
        measured = main = "-"
        if "measure" in row:
            measured = f"{row['measure']} {row['before']:.3f} to {row['after']:.3f}"
            main = _main(figure, [row[f"{figure}_before"], row[f"{figure}_after"]])
        kept = "yes" if row["kept"] else "no"
        table.add_row(name, measured, main, kept, row["because"])
    console.print(table)
    if (shipped := report["shipped_slice"]) is not None:
        console.print(_on_slice(report, shipped), soft_wrap=True)
    if report["all"] is not None:
        console.print(
            f"All kept steps, on samples that they were not fitted on but that chose them:"
            f" {name_of} {_main(figure, report['all'][figure])}",
            soft_wrap=True,
        )
    console.print(_how_sure(report), soft_wrap=True)
    console.print(
        f"Another answer in {100 * report['labels_changed']:.1f} % of the verdicts", soft_wrap=True
    )
    if report["written"]:
        console.print(
            f"Written: {out}. To undo it, use {base}, which is unchanged.", soft_wrap=True
        )
    else:
        console.print("No step was kept, so no bundle was written.", soft_wrap=True)


def _main(figure: str, two: list[float]) -> str:
    before, after = (f"{100 * v:.1f}" if figure == "accuracy" else f"{v:.3f}" for v in two)
    return f"{before} to {after}"


def _how_sure(report: dict[str, Any]) -> str:
    """What became of the confidence, and whether labels say that it is true."""
    told, checked = report["verdicts"], report["all"]
    line = (
        f"Verdicts with a stream: {_change(told['with_a_stream'])}; mean confidence of these:"
        f" {_change(told['confidence'])}"
    )
    if checked is None:
        return f"{line}. Whether that confidence is true, only labels can tell"
    return f"{line}. On labels: ECE {_change(checked['ece'])}, AUROC {_change(checked['auroc'])}"


def _change(two: list[float | None]) -> str:
    before, after = ("-" if value is None else f"{100 * value:.1f}" for value in two)
    return f"{before} to {after} %"


def _on_slice(report: dict[str, Any], shipped: dict[str, Any]) -> str:
    """How the steps change the accuracy on the slice that the bundle ships, in the worst mask."""
    found = {
        name: row["shipped_slice"]
        for name, row in report["steps"].items()
        if row.get("shipped_slice") is not None
    }
    changes = [
        f"{name} {-100 * one['lost'] + 0.0:+.1f} ({one['worst']})" for name, one in found.items()
    ]
    return (
        f"Accuracy on the bundle's validation slice ({shipped['windows']} windows of"
        f" {', '.join(shipped['streams'])}), in points, in the mask that does worst, where"
        f" {-100 * shipped['may_lose']:g} may be, if by chance:"
        f" {', '.join(changes) or 'no step was fitted'}"
    )
