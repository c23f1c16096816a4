"""Summarise the runs of each variant: mean, standard deviation and gain over no distillation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from train.statistics import mean_sd, paired
from train.studies.translate.distillation import Distillation

METRICS = ("uar", "macro_f1")


def summarise(
    distillations: dict[str, Distillation], runs: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Metrics of each variant over its seeds.

    Args:
        distillations: by variant.
        runs: by variant, in the same order of seeds; "alone" is the baseline.

    Returns:
        For each variant its distillation, `test` and `val` (mean and standard deviation), the raw
        runs, and, except for "alone", `against_alone` (see `train.statistics.paired`).
    """
    variants: dict[str, Any] = {}
    for name, some in runs.items():
        variants[name] = {
            "distillation": asdict(distillations[name]),
            "test": {f: mean_sd([r["test"][f] for r in some]) for f in METRICS},
            "val": mean_sd([r["val"]["score"] for r in some]),
            "runs": some,
        }
        if name != "alone":
            gains = {f: _gain(some, runs["alone"], f) for f in METRICS}
            variants[name]["against_alone"] = gains
    return variants


def _gain(runs: list[dict[str, Any]], other: list[dict[str, Any]], name: str) -> dict[str, Any]:
    gains = [a["test"][name] - b["test"][name] for a, b in zip(runs, other, strict=True)]
    return paired(np.array(gains))
