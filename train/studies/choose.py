"""Choice of the live bundle's fusion model: each model, with and without CDaT's transfer, by the
stages and the settings of the run. Only validation is used, not test: epochs and lambda are chosen
on one half of its items, and the metrics are of the other half."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import nn

from edge.errors import DataError
from edge.types import MASK_ROWS, STREAMS
from train import checkpoint
from train.cache import digest
from train.fusion_config import FusedConfig, FusionShape, ModelName, TransferFit
from train.loop import generator
from train.models.fusion import FusionModel
from train.spread_plot import Spread, draw_spreads
from train.stages.composed_windows import ComposedWindows
from train.stages.confidence import train_confidence
from train.stages.fusion import build, masked_logits, train_fusion
from train.stages.transfer import train_transfer
from train.stages.window_splits import WindowSplits
from train.statistics import mean_sd
from train.tables import plus_minus, table

log = logging.getLogger("train")

PLOT_NAME = "choice.png"
VAL_WINDOWS = 4_000
LAMBDAS = (1.0, 10.0, 100.0)
ALONE = {stream: MASK_ROWS[frozenset({stream})] for stream in STREAMS}
TITLES = {"clean": "clean", "corrupted": "corrupted"} | {one: f"{one} alone" for one in STREAMS}


def compare_fusion_models(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    seeds: int,
    key: str,
    heads: Sequence[nn.Linear] | None = None,
) -> dict[str, Any]:
    """Accuracy on validation windows, by model and variant: with all streams, clean and corrupted,
    and with one stream alone, clean; written to `run`/choice.json and drawn in
    `run`/choice.png.

    Args:
        key: digest of the encoders that gave the embeddings.
        heads: those of the encoders of text, audio and vision, if they were trained with one.

    Raises:
        DataError: A label has too few validation items for two halves.
    """
    log.info("%s: choice of the fusion model", config.name)
    chooses, reports = halves(windows)
    rng = generator(config.seed, "choice")
    val = reports.composer("val")
    drawn = {
        "clean": val.draw(VAL_WINDOWS, rng, clean_share=1.0),
        "corrupted": val.draw(VAL_WINDOWS, rng, clean_share=0.0),
    }
    found: dict[str, Any] = {}
    for name, shape in shapes(config, heads is not None).items():
        for seed in range(1, seeds + 1):
            one = with_transfer(config, shape, seed)
            folder = run / "choice" / name.replace(", ", "_").replace(" ", "_") / str(seed)
            for variant, model in _variants(one, chooses, folder, key, heads).items():
                metrics = measure(model, drawn, windows)
                row = found.setdefault(name, {}).setdefault(variant, {})
                for which, value in metrics.items():
                    row.setdefault(which, []).append(value)
            shown = {v: {w: round(x[-1], 4) for w, x in f.items()} for v, f in found[name].items()}
            log.info("choice: %s, seed %d, %s windows: %s", name, seed, windows.together, shown)
    checkpoint.write_json(run / "choice.json", {"windows": VAL_WINDOWS, "found": found})
    draw(found, f"{config.name}: mean and deviation over seeds", run / PLOT_NAME)
    return found


def draw(found: dict[str, Any], title: str, path: Path) -> Path | None:
    """The same as an image; see `draw_spreads`."""
    variants = next(iter(found.values()))
    panels = {
        f"accuracy, {which}": {
            name: {kind: Spread.of(mean_sd(one[name][which])) for kind, one in found.items()}
            for name in variants
        }
        for which in ("clean", "corrupted")
    }
    return draw_spreads(panels, title, path)


def shapes(config: FusedConfig, heads: bool) -> dict[str, FusionShape]:
    """The models that are compared, of the size of the run's if that has encoders of its own. With
    `heads`, late fusion also with those of the encoders, to which a residual layer of each stream
    adds what the transfer teaches; not where transfer begins a new model, which has no heads."""
    own, size = config.fusion.model, FusionShape()
    if own.encoder is True:
        size = own
    kinds: tuple[ModelName, ...] = get_args(ModelName)
    found: dict[str, FusionShape] = {
        kind: FusionShape(kind=kind, hidden=size.hidden, dropout=size.dropout) for kind in kinds
    }
    if heads and (config.transfer is None or config.transfer.when == "third"):
        found["late, heads taken"] = FusionShape(
            kind="late", hidden=config.embedding_size, encoder="residual", heads="taken"
        )
    return found


def with_transfer(config: FusedConfig, shape: FusionShape, seed: int) -> FusedConfig:
    """The configuration with another model and seed; without a `transfer`, with a third of fusion's
    epochs at half its learning rate."""
    fusion = config.fusion.model_copy(update={"model": shape})
    third = TransferFit(
        epochs=max(1, fusion.epochs // 3),
        samples=fusion.samples,
        batch=fusion.batch,
        learning_rate=fusion.learning_rate / 2,
    )
    own = {"fusion": fusion, "seed": seed, "transfer": config.transfer or third}
    return config.model_copy(update=own)


def measure(
    model: FusionModel, drawn: dict[str, ComposedWindows], windows: WindowSplits
) -> dict[str, float]:
    """The metric of the targets, by what is in `TITLES`; no stream alone that never occurs."""
    found, score = {}, windows.targets.score
    for name, some in drawn.items():
        every = masked_logits(model, some.embeddings)
        whole = every[torch.arange(len(some)), torch.from_numpy(some.whole)]
        found[name] = score(whole, some.label)
        if name == "clean":
            for stream in windows.streams:
                found[stream] = score(every[:, ALONE[stream]], some.label)
    return found


def halves(windows: WindowSplits) -> tuple[WindowSplits, WindowSplits]:
    """The validation windows in two halves, by item: of each label's items, in the order of their
    numbers, every second one. Recordings have the same items in all streams, so a moment stays
    whole.

    Raises:
        DataError: A label has only one item in a stream.
    """
    first, second = {}, {}
    for stream, by_split in windows.windows.items():
        val = by_split["val"]
        one = np.zeros(len(val), bool)
        for label in np.unique(val.label):
            items = np.unique(val.item[val.label == label])
            if len(items) < 2:
                raise DataError(
                    f"The val split has one {stream} item of the class '{windows.labels[label]}':"
                    " the choice of lambda and its report need one each, so add items."
                )
            one |= (val.label == label) & np.isin(val.item, items[::2])
        first[stream] = by_split | {"val": val.take(one)}
        second[stream] = by_split | {"val": val.take(~one)}
    return replace(windows, windows=first), replace(windows, windows=second)


def page(found: dict[str, Any]) -> str:
    """Markdown, % on validation windows, mean and deviation over seeds."""
    rows = []
    measured: dict[str, Any] = {}
    for kind, variants in found.items():
        for name, measured in variants.items():
            cells = [plus_minus(mean_sd(measured[one])) for one in TITLES if one in measured]
            rows.append([kind, name, *cells])
    titles = [title for one, title in TITLES.items() if one in measured]
    return table(["model", "variant", *titles], rows) + "\n"


def _variants(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    key: str,
    heads: Sequence[nn.Linear] | None,
) -> dict[str, FusionModel]:
    """The base model trained for all epochs, trained on with lambda 0, and CDaT."""
    assert config.transfer is not None
    fusion, section = config.fusion, config.transfer
    classes = len(windows.labels)
    longer = fusion.model_copy(update={"epochs": fusion.epochs + section.epochs})
    train_fusion(config.model_copy(update={"fusion": longer}), windows, run / "long", key, heads)
    train_fusion(config, windows, run, key, heads)
    base = digest(key, *checkpoint.made_of(run / "fusion"))
    train_confidence(config, windows, run, base, before_transfer=True)
    judged = digest(base, *checkpoint.made_of(run / "confidence_base"))

    def transferred(lambda_: float) -> float:
        one = section.model_copy(update={"lambda_": lambda_})
        own = config.model_copy(update={"transfer": one})
        return train_transfer(own, windows, run, judged, run / f"lambda{lambda_:g}")["score"]

    def load(folder: Path) -> FusionModel:
        return checkpoint.load_best(build(config, classes), folder)

    transferred(0.0)
    scores = {one: transferred(one) for one in LAMBDAS}
    best = max(scores, key=lambda one: scores[one])
    return {
        "base": load(run / "long" / "fusion"),
        "trained_on": load(run / "lambda0"),
        "cdat": load(run / f"lambda{best:g}"),
    }
