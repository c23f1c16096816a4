"""The stages of the live bundle's networks: `encoders`, `fusion`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.errors import ConfigError
from train.commands.options import (
    Accelerator,
    Config,
    Data,
    Devices,
    Out,
    Precision,
    Set,
    TensorBoard,
    log_to,
    take_hardware,
    training_packages,
    watch,
    with_hardware,
)

if TYPE_CHECKING:
    from train.stages.pipeline import TrainingRun
    from train.stages.recorded.pipeline import RecordedRun


def encoders(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """Stage 1: one encoder for each stream, with its own classification head."""
    run = open_run(config, out, data, with_hardware(set_, accelerator, devices, precision))
    if tensorboard:
        watch(run.folder)
    run.encoders()


def fusion(
    config: Config,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
    tensorboard: TensorBoard = False,
    accelerator: Accelerator = None,
    devices: Devices = None,
    precision: Precision = None,
) -> None:
    """Stage 2: tensor fusion of the encoders' embeddings, under all masks and faults."""
    run = open_run(config, out, data, with_hardware(set_, accelerator, devices, precision))
    if tensorboard:
        watch(run.folder)
    run.fusion()


def choose(
    config: Config,
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    out: Out = None,
    data: Data = None,
    set_: Set = None,
) -> None:
    """Compare the fusion models, with and without transfer, on validation windows; with a plot."""
    run = open_run(config, out, data, set_)
    with training_packages():
        from train.stages.recorded.pipeline import RecordedRun
        from train.studies.choose import compare_fusion_models, page
    if isinstance(run, RecordedRun) and run.corpus.task != "classes":
        raise ConfigError(
            f"{run.corpus.folder} has the task '{run.corpus.task}', and choose compares the fusion"
            " models by the accuracy of one label: give a corpus with one label a sample, or set"
            " fusion.model.kind and compare the reports of the runs."
        )
    windows, key = run.windows(), run.encoders_key()
    heads = None if isinstance(run, RecordedRun) else run.heads()
    found = compare_fusion_models(run.config, windows, run.folder, seeds, key, heads)
    how = "Composed by class, validation" if windows.together == "composed" else "Validation"
    typer.echo(f"{how}:\n{page(found)}")
    typer.echo(f"Written: {run.folder / 'choice.json'} and the plot, choice.png")


def open_run(
    config: Path, out: Path | None, data: Path | None, changes: list[str] | None
) -> TrainingRun | RecordedRun:
    """Open the run folder of a live bundle's configuration; the key `encoders` says that it is
    trained on recordings.

    Raises:
        ConfigError: The configuration is wrong, or names no recorded corpus.
    """
    from train.config import read, validated_as
    from train.live_config import validated

    keys, where = read(config, changes), f"{config} or a --set"
    folder = out or Path("runs") / config.stem
    if "encoders" not in keys:
        checked = validated(keys, where)
        with training_packages():
            from train.stages.pipeline import TrainingRun
        take_hardware(checked.hardware)
        log_to(folder)
        return TrainingRun(checked, folder, data)
    with training_packages():
        from train.stages.recorded.config import RecordedConfig
        from train.stages.recorded.pipeline import RecordedRun
    recorded = validated_as(RecordedConfig, keys, where)
    if data is None:
        raise ConfigError(f"{config} needs a corpus: give --data the folder of cdat-train extract.")
    take_hardware(recorded.hardware)
    log_to(folder)
    return RecordedRun(recorded, folder, data)
