"""Studies of people whom no network has met: `strangers`, `adapt-study`, `calibration-study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.commands.options import Data, log_to, training_packages


def strangers(
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle; the shipped bundle without it.")
    ] = None,
    stream: Annotated[
        str, typer.Option(help="Streams by comma: text, audio, vision.")
    ] = "text,audio,vision",
    part: Annotated[
        str, typer.Option(help="test, or val while something is being chosen.")
    ] = "test",
    left_out: Annotated[
        str | None,
        typer.Option(help="Instead train encoders of text or audio with one corpus left out."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where strangers.json and strangers.md go.")] = Path(
        "runs/strangers"
    ),
    data: Data = None,
) -> None:
    """Measure a bundle on persons, rooms and writers that are not in its training."""
    from edge.bundle.load import Bundle, default_bundle

    with training_packages():
        from train.studies.strangers import command
    log_to(out)
    if left_out is not None:
        typer.echo(command.leave_out(left_out, data, out, part))
        return
    checked = Bundle.load(bundle or default_bundle())
    checked.one_label("this study")
    typer.echo(command.headline(command.measure_strangers(checked, data, out, stream, part)))
    typer.echo(f"Written: {out / 'strangers.md'}")


def adapt_study(
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle; the shipped bundle without it.")
    ] = None,
    corpora: Annotated[
        str, typer.Option(help="Speech corpora by comma: ravdess, emovo, nemo, ased.")
    ] = "ravdess,ased,nemo,emovo",
    labels: Annotated[
        str, typer.Option(help="Labelled clips, by comma; 0 adapts without labels.")
    ] = "0,7,21",
    persons: Annotated[int, typer.Option(min=1, help="Most test persons of a corpus.")] = 8,
    clips: Annotated[
        int, typer.Option(help="Clips of each person: half to adapt to, half to measure.")
    ] = 48,
    seeds: Annotated[int, typer.Option(min=1, help="How often the clips are cut in halves.")] = 2,
    out: Annotated[Path, typer.Option(help="Where adapt_study.json and adapt_study.md go.")] = Path(
        "runs/adapt_study"
    ),
    data: Data = None,
    transfer: Annotated[
        bool,
        typer.Option(
            "--transfer",
            help="Measure the step transfer alone, of voices with composed words, beside shuffled"
            " ones; writes transfer_study.json and .md.",
        ),
    ] = False,
) -> None:
    """Measure what `adapt` gives persons kept out of training: with no label, and with a few.
    Resumable."""
    from edge.bundle.load import Bundle, default_bundle

    checked = Bundle.load(bundle or default_bundle())
    checked.one_label("this study")
    with training_packages():
        from train.studies.adapt import command, page, transfer_page
    log_to(out, epochs=False)
    asked = checked, data, out, corpora, labels, persons, clips, seeds
    if transfer:
        report = command.study_transfer(*asked)
        typer.echo(transfer_page.headline(report))
    else:
        report = command.study(*asked)
        typer.echo(page.headline(report))
    typer.echo(f"Written: {out / (transfer_page if transfer else page).PAGE_NAME}")


def calibration_study(
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle; the shipped bundle without it.")
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, max=100, help="Draws of each person's neutral items.")
    ] = 5,
    out: Annotated[Path, typer.Option(help="Where calibration.json and .md go.")] = Path(
        "runs/calibration"
    ),
    data: Data = None,
) -> None:
    """Measure whether a person's neutral sound and pictures, as a correction, help strangers."""
    from edge.bundle.load import Bundle, default_bundle

    checked = Bundle.load(bundle or default_bundle())
    checked.one_label("this study")
    with training_packages():
        from train.studies.calibration.command import study
        from train.studies.calibration.page import headline
    log_to(out)
    typer.echo(headline(study(checked, data, out, draws)))
    typer.echo(f"Written: {out / 'calibration.md'}")
