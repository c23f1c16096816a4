"""Compare six variants at equal budget by model and seed; each run is tested once, at its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from train import checkpoint
from train.corpora.corpus import Corpus
from train.fusion_config import ModelName
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting, outputs_of, scored
from train.stages.cdat_weights import Weights
from train.stages.confide import confide
from train.stages.tensors import TensorSplits, tensor_splits
from train.studies.cdat.confidence_quality import confidence_quality
from train.studies.cdat.masks import mask_metrics
from train.task import PRIMARY_METRIC

log = logging.getLogger("train")

VARIANTS = ("base", "trained_on", "constant", "shuffled", "cdat", "modality_dropout")
TRANSFERS: dict[str, Weights] = {
    "trained_on": "none",
    "constant": "constant",
    "shuffled": "shuffled",
    "cdat": "cdat",
}
LAMBDAS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
SEARCH_SEEDS = (9001, 9002, 9003)
"""Seeds on which lambda is chosen; they are not reported."""


def compare(
    config: CdatConfig, corpus: Corpus, models: Sequence[ModelName], seeds: int, folder: Path
) -> dict[str, Any]:
    """Run the missing ones of models x seeds x variants. Each raw run has its own file, so a killed
    process loses no finished run. Returns {model: {"lambda": ..., "runs": [...]}}."""
    results: dict[str, Any] = {}
    for kind in models:
        one = config.model_copy(update={"model": config.model.model_copy(update={"kind": kind})})
        lambda_, tried = choose_lambda(one, corpus, folder / kind)
        runs = [
            _seed(one, corpus, lambda_, config.seed + k, folder / kind / f"seed{config.seed + k}")
            for k in range(seeds)
        ]
        results[kind] = {"lambda": lambda_, "lambda_on_validation": tried, "runs": runs}
    return results


def choose_lambda(
    config: CdatConfig, corpus: Corpus, folder: Path
) -> tuple[float, dict[str, float]]:
    """The lambda with the best validation score over the search seeds; test is not used.

    Cost: `len(LAMBDAS)` x `len(SEARCH_SEEDS)` transfers.
    """
    path = folder / "lambda.json"
    key = Setting(config, _split(config, corpus, 0), 0, folder).key(config.facts())
    if path.is_file() and (stored := checkpoint.read_json(path)).get("key") == key:
        return float(stored["lambda"]), dict(stored["tried"])
    tried = dict.fromkeys(LAMBDAS, 0.0)
    for seed in SEARCH_SEEDS:
        setting = Setting(config, _split(config, corpus, seed), seed, folder / f"search{seed}")
        fit_base(setting, "base", config.fit.epochs)
        confide(setting)
        for lambda_ in LAMBDAS:
            scored = transfer(setting, f"lambda{lambda_:g}", "cdat", lambda_)
            tried[lambda_] += scored["score"] / len(SEARCH_SEEDS)
    best = max(tried, key=lambda one: tried[one])
    shown = {f"{one:g}": round(score, 5) for one, score in tried.items()}
    checkpoint.write_json(path, {"key": key, "lambda": best, "tried": shown})
    log.info("%s: lambda %g chosen on validation (%s)", config.model.kind, best, shown)
    return best, shown


def _split(config: CdatConfig, corpus: Corpus, seed: int) -> TensorSplits:
    shares = config.val_share, config.held_out_share
    return tensor_splits(corpus, *shares, seed, config.labelled_share)


def _seed(
    config: CdatConfig, corpus: Corpus, lambda_: float, seed: int, folder: Path
) -> dict[str, Any]:
    path = folder / "runs.json"
    parts = _split(config, corpus, seed)
    setting = Setting(config, parts, seed, folder)
    key = setting.key("compare", 3, config.facts(), lambda_)
    if path.is_file() and (stored := checkpoint.read_json(path)).get("key") == key:
        return stored
    # All variants have the same number of epochs, in one stage or as base and transfer.
    whole = config.fit.epochs + config.transfer.epochs
    fit_base(setting, "base", config.fit.epochs)
    confide(setting)
    fit_base(setting, "base_long", whole)
    fit_base(setting, "dropout", whole, config.modality_dropout)
    for name, kind in TRANSFERS.items():
        transfer(setting, name, kind, lambda_)
    folders = {"base": "base_long", "modality_dropout": "dropout"}
    found: dict[str, Any] = {}
    for name in VARIANTS:
        model = setting.load(folders.get(name, name))
        found[name] = {
            split: scored(parts.task, outputs_of(model, part).logits, part.targets)
            for split, part in (("val", parts.val), ("test", parts.test))
        }
        found[name]["masks"] = mask_metrics(parts, model)
    base = setting.load("base")
    result = {
        "key": key,
        "seed": seed,
        "variants": found,
        "confidence_quality": confidence_quality(parts, base, setting.load_confidnet(base.z_size)),
        "base_masks": mask_metrics(parts, base),
    }
    checkpoint.write_json(path, result)
    foremost = PRIMARY_METRIC[parts.task]
    shown = "  ".join(f"{name} {found[name]['test'][foremost]:.3f}" for name in VARIANTS)
    log.info("%s: seed %d  test %s: %s", config.model.kind, seed, foremost, shown)
    return result
