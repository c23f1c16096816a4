"""Studies of what is told of a stream: `faults`, `mouth`, `swaps`, `voices`, `words`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.errors import ConfigError
from train.commands.options import Data, log_to, training_packages


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
    lies: Annotated[
        bool,
        typer.Option(
            "--lies", help="Instead: another person's stream, or emotion, for 2 to 30 s alone."
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
    if durations and lies:
        raise ConfigError("--durations and --lies are two studies: give one of them.")
    if durations or lies:
        name = "lies" if lies else "durations"
        if run:
            raise ConfigError(f"--{name} compares no learned baselines: leave --run out.")
        study = command.run_lies if lies else command.run_durations
        study(checked, data, out, identities, seed)
        typer.echo(f"Composed by class. Written: {out / name}.md")
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
