"""Comparisons of ways to train: `compare`, `factorial`, `factorial-table`, `cost`, `masks`,
`translate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.config.yaml_keys import apply_settings
from train.commands.aligned import must_be_cdat
from train.commands.options import Config, Data, Out, Set, log_to, training_packages
from train.fusion_config import OF_CDAT

if TYPE_CHECKING:
    from train.studies.cdat.command import Work

Models = Annotated[
    str | None,
    typer.Option(help="Fusion models, by comma; all four, or that of --set model.kind=..."),
]


def compare(
    config: Config,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each variant.")] = 10,
    models: Models = None,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Compare CDaT with five variants at equal budget: mean, deviation, paired tests, raw runs."""
    work = must_be_cdat(config, out, data, set_)
    typer.echo(work.compare(_models(models, work, set_), seeds))
    typer.echo(f"Written: {work.folder / 'table.md'} and the raw runs, results.json")


def _models(models: str | None, work: Work, changes: list[str] | None) -> list[str]:
    """Those of --models, or that which a --set names, or all."""
    if models is not None:
        return [one.strip() for one in models.split(",") if one.strip()]
    changed: dict[str, Any] = {}
    apply_settings(changed, changes or [], "model.kind=misa")
    named = "kind" in (changed.get("model") or {})
    return [work.config.model.kind] if named else list(OF_CDAT)


def factorial(
    config: Config,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each cell.")] = 3,
    models: Annotated[
        str | None, typer.Option(help="Fusion models, by comma; the file's without it.")
    ] = None,
    labels: Annotated[
        str, typer.Option(help="Shares of labelled training groups in %, by comma.")
    ] = "5,25,100",
    limit: Annotated[
        int | None, typer.Option(min=0, help="Stop after so many trainings; all without it.")
    ] = None,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Measure when transfer helps: weights x schedule x share of labels, and whether it was a
    treatment at all. Resumable."""
    work = must_be_cdat(config, out, data, set_)
    page, folder = work.factorial(models, labels, seeds, limit)
    typer.echo(page)
    typer.echo(f"Written: {folder / 'table.md'}, gains.svg and the raw runs, results.json")


def factorial_table(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders of `factorial`, or their results.json.")
    ],
    out: Annotated[Path, typer.Option(help="Where factorial.md and factorial.json go.")] = Path(
        "runs/factorial"
    ),
) -> None:
    """Print the factorials of several runs as one table, corrected over all cells (Holm)."""
    with training_packages():
        from train.studies.factorial.together import put_together
    out.mkdir(parents=True, exist_ok=True)
    typer.echo(put_together(runs, out))
    typer.echo(f"Written: {out / 'factorial.md'} and factorial.json")


def cost(
    config: Config,
    models: Models = None,
    steps: Annotated[int, typer.Option(min=2, max=100_000, help="Steps of each kind.")] = 300,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Measure the time of a step of CDaT's transfer against that of a step of the first stage."""
    work = must_be_cdat(config, out, data, set_)
    typer.echo(work.cost(_models(models, work, set_), steps))
    typer.echo(f"Written: {work.folder / 'cost.md'} and cost.json")


def masks(
    config: Config,
    stage: Annotated[str, typer.Option(help="base, or cdat after transfer.")] = "base",
    order: Annotated[
        bool,
        typer.Option(
            "--order",
            help="Instead: train a base and each kind of confidences, and measure whether they"
            " order the masks of a sample as the truth does.",
        ),
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Runs, with --order.")] = 3,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Measure the share of wrong predictions that become correct when one stream is masked, and how
    far apart the streams' similarities are, which the transfer would move."""
    with training_packages():
        from train.studies.cdat.command import shown
    work = must_be_cdat(config, out, data, set_)
    if order:
        page, folder = work.order(seeds)
        typer.echo(page)
        typer.echo(f"Written: {folder / 'table.md'} and results.json")
        return
    typer.echo(shown(work.masks(stage)))
    typer.echo(work.divergence(stage))


def translate(
    config: Config,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Runs of each variant; the file's number without it.")
    ] = None,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Distil the strongest stream into the others, and compare with no distillation."""
    with training_packages():
        from train.studies.translate import command
    checked = command.load(config, set_)
    folder = out or Path("runs") / config.stem
    log_to(folder)
    typer.echo(command.translate(checked, folder, data, seeds))
    typer.echo(f"Written: {folder / 'table.md'} and the raw runs, {folder / 'results.json'}")
