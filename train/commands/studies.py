"""Comparisons: `compare`, `factorial`, `factorial-table`, `cost`, `masks`, `translate`, `faults`,
`mouth`, `swaps`, `voices`, `words`, `strangers`, `adapt-study`, `calibration-study`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.config.yaml_keys import apply_settings
from edge.errors import ConfigError
from train.commands.aligned import must_be_cdat
from train.commands.options import Config, Data, Out, Set, log_to, training_packages
from train.config import OF_CDAT

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


def faults(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle; the shipped bundle without it.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The bundle's run folder: the learned baselines are trained beside it."),
    ] = None,
    durations: Annotated[
        bool,
        typer.Option(
            "--durations", help="Instead: faults of 2 to 30 s, and faults that come and go."
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the results go, as JSON and Markdown.")] = Path(
        "runs/faults"
    ),
    data: Data = None,
    identities: Annotated[
        int, typer.Option(min=1, help="Identities for each label, in each split.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Compare the gate with other policies for every fault on every stream."""
    from edge.bundle.load import Bundle, default_bundle

    checked = Bundle.load(bundle or default_bundle())
    checked.one_label("this study")
    with training_packages():
        from train.studies.faults import command
        from train.studies.faults.conditions import no_baselines
    log_to(out)
    if durations:
        if run:
            raise ConfigError("--durations compares no learned baselines: leave --run out.")
        command.run_durations(checked, data, out, identities, seed)
        typer.echo(f"Composed by class. Written: {out / 'durations.md'}")
        return
    score = command.baselines_of(run, data) if run else no_baselines
    report = command.run_study(checked, data, out, identities, seed, score)
    typer.echo(command.headline(report))
    typer.echo(f"Written: {out / 'faults.md'}")


def mouth(
    clips: Annotated[Path, typer.Argument(help="A folder of clips in which one person speaks.")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Measure how well the mouth's motion tells who speaks from a picture held in a hand."""
    with training_packages():
        from train.studies.mouth.command import measure_mouths
    typer.echo(measure_mouths(clips, seed))


def swaps(
    clips: Annotated[Path, typer.Argument(help="A folder of clips of one person each.")],
    same: Annotated[
        list[str] | None,
        typer.Option(help="Clips of one person: their names without suffix, joined by +."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Measure how well another person's face in the place of the first one is told."""
    with training_packages():
        from train.studies.swaps.command import measure_swaps
    typer.echo(measure_swaps(clips, same or (), seed))


def voices(
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle; the shipped bundle without it.")
    ] = None,
    corpora: Annotated[
        str, typer.Option(help="Speech corpora by comma: ravdess, emovo, nemo, ased.")
    ] = "ravdess,emovo,nemo,ased",
    speakers: Annotated[int, typer.Option(min=2, help="Most speakers of a corpus.")] = 24,
    clips: Annotated[int, typer.Option(min=2, help="Most clips of a speaker.")] = 40,
    pairs: Annotated[
        int, typer.Option(min=1, help="Pairs of sounds of each speaker, in each condition.")
    ] = 20,
    out: Annotated[Path, typer.Option(help="Where voices.md goes.")] = Path("runs/voices"),
    data: Data = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Measure whether some seconds of voice tell that another person speaks than before."""
    from edge.bundle.load import Bundle, default_bundle

    checked = Bundle.load(bundle or default_bundle())
    with training_packages():
        from train.studies.voices.command import measure_voices
    log_to(out, epochs=False)
    page = measure_voices(checked, data, corpora, speakers, clips, pairs, seed)
    (out / "voices.md").write_text(page, encoding="utf-8")
    typer.echo(page)
    typer.echo(f"Written: {out / 'voices.md'}")


def words(
    sounds: Annotated[
        Path | None, typer.Argument(help="A folder of speech; the corpora of --data without it.")
    ] = None,
    asr: Annotated[
        str, typer.Option(help="The recogniser: pocketsphinx, vosk or sherpa.")
    ] = "pocketsphinx",
    asr_model: Annotated[str | None, typer.Option(help="Its model: docs/asr.md.")] = None,
    clips: Annotated[int, typer.Option(min=1, help="Clips of each speaker of a corpus.")] = 2,
    data: Data = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Measure how many unfinished words are in the final result, by how long they have stood."""
    with training_packages():
        from train.studies.words.command import measure_words
    typer.echo(measure_words(sounds, data, asr, asr_model, clips, seed))


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
