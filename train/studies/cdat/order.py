"""Is the order of c_-m within a sample true, on which CDaT's weights rest? Every kind of
confidences on the same base, beside scores that need no ConfidNet."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from train import checkpoint
from train.corpora.corpus import Corpus
from train.models.fusion import FusionModel
from train.models.leave_one_out import WITHOUT
from train.stages.cdat import fit_base
from train.stages.cdat_config import CdatConfig, ConfidenceKind
from train.stages.cdat_setting import Setting, outputs_of
from train.stages.confide import confide, confidnet_data
from train.stages.divergence import PAIRS
from train.stages.tensors import TensorPart, tensor_splits
from train.studies.cdat.order_page import page
from train.studies.cdat.order_statistics import pair_gaps, summary

log = logging.getLogger("train")

Floats = NDArray[np.float64]
KINDS: tuple[ConfidenceKind, ...] = get_args(ConfidenceKind)
PARTS = ("fit", "held_out", "val", "test")


class OrderSamples(NamedTuple):
    """One seed's samples of one part.

    Attributes:
        truth: the TCP without each stream, (N, 3); NaN where it is undefined or the stream missing.
        levels: scores without each stream, (N, 3), by name.
        gaps: what a score says of each of `PAIRS`, the first minus the second, (N, 3), by name.
        groups: (N,).
    """

    truth: Floats
    levels: dict[str, Floats]
    gaps: dict[str, Floats]
    groups: NDArray[np.str_]


def order(config: CdatConfig, corpus: Corpus, seeds: int, folder: Path) -> str:
    """Train what is missing, measure every part, write results.json and table.md to `folder`, and
    return the page."""
    numbers = [config.seed + k for k in range(seeds)]
    seen = [_seen(config, corpus, seed, folder / f"seed{seed}") for seed in numbers]
    found = {part: summary([one[part] for one in seen]) for part in PARTS}
    who = {"corpus": corpus.name, "model": config.model.kind, "seeds": numbers}
    result = who | {"labelled_share": config.labelled_share, "parts": found}
    checkpoint.write_json(folder / "results.json", result)
    text = page(result)
    (folder / "table.md").write_text(text, encoding="utf-8")
    return text


def _seen(config: CdatConfig, corpus: Corpus, seed: int, folder: Path) -> dict[str, OrderSamples]:
    shares = config.val_share, config.held_out_share
    parts = tensor_splits(corpus, *shares, seed, config.labelled_share)
    setting = Setting(config, parts, seed, folder)
    fit_base(setting, "base", config.fit.epochs)
    model = setting.load("base")
    for kind in KINDS:
        section = config.confide.model_copy(update={"kind": kind})
        own = config.model_copy(update={"confide": section})
        confide(Setting(own, parts, seed, folder), name=f"confidnet_{kind}")
    # A constant order, which knows nothing of a sample.
    known = np.ma.masked_invalid(_truth(setting, model, parts.held_out))
    usual = np.asarray(known.mean(axis=0).filled(0.0))
    log.info("seed %d: measured", seed)
    return {name: _of_part(setting, model, getattr(parts, name), usual) for name in PARTS}


@torch.no_grad()
def _of_part(setting: Setting, model: FusionModel, part: TensorPart, usual: Floats) -> OrderSamples:
    truth = _truth(setting, model, part)
    z = confidnet_data(setting, model, part).z[:, 1:]
    levels: dict[str, Floats] = {}
    for kind in KINDS:
        confidnet = setting.load_confidnet(model.z_size, f"confidnet_{kind}")
        levels[kind] = _numbers(confidnet(z.flatten(0, 1)).reshape(len(part), 3))
    if setting.splits.task == "classes":
        p = [
            torch.softmax(outputs_of(model, part, mask).logits, dim=1)
            for mask in (torch.ones(1, 3), *torch.split(WITHOUT, 1))
        ]
        levels["max_probability"] = _numbers(torch.stack([one.amax(dim=1) for one in p[1:]], 1))
        # The expected TCP if the fused probabilities were those of the label.
        levels["fused_as_label"] = _numbers(torch.stack([(p[0] * o).sum(1) for o in p[1:]], 1))
    gaps = {name: pair_gaps(level) for name, level in levels.items()}
    gaps["same_order"] = np.broadcast_to(pair_gaps(usual[None]), (len(part), len(PAIRS)))
    gaps["probe"] = probed(_numbers(z), pair_gaps(truth), part.groups)
    return OrderSamples(truth, levels, gaps, part.groups)


def _truth(setting: Setting, model: FusionModel, part: TensorPart) -> Floats:
    data = confidnet_data(setting, model, part)
    known = torch.where(data.there > 0, data.target[:, 1:], torch.nan)
    return _numbers(known)


def probed(z: Floats, truth: Floats, groups: NDArray[np.str_]) -> Floats:
    """What a linear probe on the two z says of each pair, (N, 3), cross-validated over the groups
    of the part itself: it reads the part's targets, so it is a bound and no method. 0 for a pair
    with too few samples, or with no two orders in every part that a probe would learn from."""
    found = np.zeros_like(truth)
    for place, (m, n) in enumerate(PAIRS):
        known = np.flatnonzero(np.nan_to_num(truth[:, place]) != 0)
        right = truth[known, place] > 0
        if len(known) == 0 or min(right.sum(), (~right).sum()) < 10:
            continue
        x = np.concatenate([z[known, m], z[known, n]], axis=1)
        many = len(np.unique(groups[known]))
        if many < 2:
            continue
        cuts = list(GroupKFold(min(5, many)).split(x, right, groups[known]))
        if any(len(np.unique(right[fitted])) < 2 for fitted, _ in cuts):
            continue
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
        found[known, place] = cross_val_predict(
            probe, x, right, cv=cuts, method="decision_function"
        )
    return found


def _numbers(x: Tensor) -> Floats:
    return x.double().numpy()
