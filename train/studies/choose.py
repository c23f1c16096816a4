"""Choice of the live bundle's fusion model: each model, with and without CDaT's transfer, on
windows composed by class from the stream windows of a run. Only validation is used, not test:
epochs and lambda are chosen on one half of its items, and the metrics are of the other half."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.errors import DataError
from edge.types import STREAMS
from train import checkpoint
from train.config import FusedConfig, validated_as
from train.loop import generator
from train.models.fusion import MODELS, StreamBatch
from train.spread_plot import Spread, draw_spreads
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting, outputs_of
from train.stages.composed_windows import ComposedWindows
from train.stages.confide import confide
from train.stages.tensors import TensorPart, TensorSplits
from train.stages.window_splits import WindowSplits
from train.statistics import mean_sd
from train.tables import plus_minus, table

log = logging.getLogger("train")

TRAIN_WINDOWS, HELD_OUT_WINDOWS, VAL_WINDOWS = 12_000, 4_000, 4_000
CLEAN_SHARE = 0.5
PLOT_NAME = "choice.png"
LAMBDAS = (1.0, 10.0, 100.0)
SETTINGS = {
    "name": "choice",
    "corpus": "composed by class",
    "model": {"hidden": 32, "dropout": 0.3},
    "fit": {"epochs": 8, "batch": 128, "learning_rate": 0.002, "weight_decay": 0.05},
    "confide": {"epochs": 4, "batch": 128, "learning_rate": 0.001, "weight_decay": 0.05},
    "transfer": {"epochs": 4, "batch": 128, "learning_rate": 0.0005, "weight_decay": 0.05},
}


def compare_fusion_models(
    config: FusedConfig,
    windows: WindowSplits,
    run: Path,
    seeds: int,
    key: str,
) -> dict[str, Any]:
    """Accuracy on composed validation windows, clean and corrupted, by model and variant; written
    to `run`/choice.json and drawn in `run`/choice.png.

    Raises:
        DataError: A label has too few validation items for two halves.
    """
    log.info("%s: choice of the fusion model", config.name)
    parted = {"train": windows.fusion_split, "held_out": "held_out"}
    composers = {part: windows.composer(split) for part, split in parted.items()}
    chooses, reports = halves(windows)
    composers |= {"val": chooses.composer("val"), "report": reports.composer("val")}
    rng = generator(config.seed, "choice")
    kinds = {"clean": 1.0, "corrupted": 0.0}
    val = {n: _split(composers["report"].draw(VAL_WINDOWS, rng, s)) for n, s in kinds.items()}
    parts = TensorSplits(
        task="classes",
        labels=windows.labels,
        dims=(config.embedding_size,) * 3,
        fit=_split(composers["train"].draw(TRAIN_WINDOWS, rng, CLEAN_SHARE)),
        held_out=_split(composers["held_out"].draw(HELD_OUT_WINDOWS, rng, CLEAN_SHARE)),
        val=_split(composers["val"].draw(VAL_WINDOWS, rng, CLEAN_SHARE)),
        test=val["clean"],
        scale=1.0,
    )
    found: dict[str, Any] = {}
    for kind in MODELS:
        for seed in range(1, seeds + 1):
            one = SETTINGS | {"model": {**SETTINGS["model"], "kind": kind}}  # type: ignore[dict-item]
            own = validated_as(CdatConfig, one | {"options": {"readings": key}}, "choice")
            setting = Setting(own, parts, seed, run / "choice" / kind / str(seed))
            for name, model in _variants(setting).items():
                metrics = {
                    n: float((outputs_of(model, v).logits.argmax(1) == v.targets).float().mean())
                    for n, v in val.items()
                }
                for which, value in metrics.items():
                    found.setdefault(kind, {}).setdefault(name, {}).setdefault(which, []).append(
                        value
                    )
            shown = {n: {w: round(x[-1], 4) for w, x in f.items()} for n, f in found[kind].items()}
            log.info("choice: %s, seed %d, composed by class: %s", kind, seed, shown)
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
    """Markdown, % on validation windows composed by class, mean and deviation over seeds."""
    rows = []
    for kind, variants in found.items():
        for name, metrics in variants.items():
            cells = [plus_minus(mean_sd(metrics[which])) for which in ("clean", "corrupted")]
            rows.append([kind, name, *cells])
    return table(["model", "variant", "clean", "corrupted"], rows) + "\n"


def _variants(setting: Setting) -> dict[str, Any]:
    """The base model trained for all epochs, trained on with lambda 0, and CDaT."""
    config = setting.config
    fit_base(setting, "base", config.fit.epochs)
    fit_base(setting, "base_long", config.fit.epochs + config.transfer.epochs)
    confide(setting)
    transfer(setting, "trained_on", "none", 0.0)
    scores = {one: transfer(setting, f"cdat{one:g}", "cdat", one)["score"] for one in LAMBDAS}
    best = max(scores, key=lambda one: scores[one])
    return {
        "base": setting.load("base_long"),
        "trained_on": setting.load("trained_on"),
        "cdat": setting.load(f"cdat{best:g}"),
    }


def _split(windows: ComposedWindows) -> TensorPart:
    count = len(windows)
    one = torch.ones(count, dtype=torch.int64)
    streams = [
        StreamBatch(
            torch.from_numpy(windows.embeddings[:, k : k + 1].copy()), one, one * 0, one > 0
        )
        for k in range(len(STREAMS))
    ]
    text, audio, vision = streams
    where = np.array([str(k) for k in range(count)])
    return TensorPart((text, audio, vision), torch.from_numpy(windows.label), where)
