"""Run the study: choose parameters on validation, then measure once on test identities."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import GateSpec
from edge.types import STREAMS
from train import checkpoint
from train.metrics import auroc, calibration_error, intervals
from train.studies.faults.change import told_after
from train.studies.faults.choose import accuracy, oracle, policies
from train.studies.faults.live_gate import gate_answers
from train.studies.faults.policies import NONE, Policy, Seen
from train.studies.faults.study import Cell, Identities, cells
from train.studies.faults.table import markdown

log = logging.getLogger("train")

COMPOSED = (
    "identities composed by class: a face, a voice and a line that share a label and nothing else;"
    " the streams are independent given the class, so these numbers do not describe people"
)
SEVERE = 0.6
MIN_GAIN = 0.02
"""Smallest gain of the oracle over all streams for which `recovered` is computed."""
ROUNDS = 1000


def study(
    identities: dict[str, Identities],
    spec: GateSpec,
    see: Callable[[Identities, Cell], Seen],
    seed: int,
) -> dict[str, Any]:
    """Run every cell: parameters are chosen on validation identities, metrics are those of test.

    Args:
        identities: by split, "val" and "test".
        see: what the networks make of a condition.
    """
    wanted = cells(seed)
    during = identities["val"].timeline.during
    made: dict[str, Policy] = {}
    chosen: dict[str, object] = {}
    oracles: dict[Cell, tuple[Policy, str]] = {}
    log.info("faults: %d conditions, validation identities", len(wanted))
    on_val = {cell: see(identities["val"], cell) for cell in wanted}
    made, chosen = policies(spec, on_val, during)
    oracles = {cell: oracle(cell, on_val[cell], during) for cell in wanted}
    validation = summary(on_val, made, oracles, during)
    log.info("faults: test identities")
    on_test = {cell: see(identities["test"], cell) for cell in wanted}
    return {
        "composed": COMPOSED,
        "identities": {split: len(one.label) for split, one in identities.items()},
        "chosen_on_validation": chosen,
        "validation": {"policies": validation["policies"]},
        "test": summary(on_test, made, oracles, during)
        | {
            "detection_auroc": _detection(on_test, during),
            "predictions": _predictions(on_test, spec),
        },
    }


def summary(
    seen: dict[Cell, Seen],
    made: dict[str, Policy],
    oracles: dict[Cell, tuple[Policy, str]],
    during: NDArray[np.bool_],
) -> dict[str, Any]:
    """Accuracy by cell and policy; regret and recovered share over the severe cells.

    Args:
        during: bool (S,), the steps of the fault; so below.
    """
    table: dict[str, dict[str, float]] = {}
    right: dict[str, dict[Cell, NDArray[np.float64]]] = {}
    everywhere = np.ones_like(during)
    clean_cost: dict[str, float] = {}
    changes: dict[str, Any] = {}
    for cell, one in seen.items():
        predictions = {name: policy(one) for name, policy in made.items()}
        predictions["oracle"] = oracles[cell][0](one)
        when = during if cell.faults else everywhere
        table[cell.name] = {n: round(accuracy(a, one, when), 4) for n, a in predictions.items()}
        for name, given in predictions.items():
            mine = (given[:, when] == one.label[:, None]).mean(axis=1)
            right.setdefault(name, {})[cell] = mine
        if cell.changes:
            changes = {n: told_after(a, one.label, during) for n, a in predictions.items()}
        if not cell.faults:
            whole = accuracy(predictions["all"], one, everywhere)
            clean_cost = {
                n: round(whole - accuracy(a, one, everywhere), 4) for n, a in predictions.items()
            }
    severe = [c for c in seen if c.severity >= SEVERE and not c.lies]
    lies = [c for c in seen if c.lies and not c.changes]
    metrics = {
        name: {
            **(_against_oracle(right, name, severe) if severe else {}),
            "clean_cost": clean_cost[name],
        }
        for name in right
    }
    return {
        "policies": metrics,
        "another_person": {name: _against_oracle(right, name, lies) for name in right},
        "emotion_changes": changes,
        "accuracy_during_fault": table,
        "oracle_masks": {cell.name: oracles[cell][1] for cell in seen},
    }


def _against_oracle(
    right: dict[str, dict[Cell, NDArray[np.float64]]], name: str, severe: list[Cell]
) -> dict[str, Any]:
    """Mean over cells. The interval resamples identities, the same ones in every cell."""
    mine, best, all_ = (
        np.stack([right[n][cell] for cell in severe]) for n in (name, "oracle", "all")
    )

    def metrics(identities: NDArray[np.int64]) -> tuple[float, float, float]:
        own, top, base = (x[:, identities].mean(axis=1) for x in (mine, best, all_))
        gain = top - base
        reliability = gain >= MIN_GAIN
        recovered = (
            (own - base)[reliability].sum() / gain[reliability].sum()
            if reliability.any()
            else np.nan
        )
        return float(own.mean()), float((top - own).mean()), float(recovered)

    everyone = np.arange(mine.shape[1])
    low, high = intervals(metrics, everyone, rounds=ROUNDS)
    values = metrics(everyone)
    names = ("accuracy", "regret", "recovered")
    return {
        key: {"value": _known(v), "interval": [_known(a), _known(b)]}
        for key, v, a, b in zip(names, values, low, high, strict=True)
    }


def _known(value: float) -> float | None:
    """None where no condition has a gain to be recovered."""
    return None if np.isnan(value) else round(float(value), 4)


def _detection(seen: dict[Cell, Seen], during: NDArray[np.bool_]) -> dict[str, float]:
    """AUROC of a stream's reliability for separating steps with severe faults from clean steps."""
    clean = seen[Cell(())].reliability[:, during]
    out = {}
    for column, stream in enumerate(STREAMS):
        corrupted = [
            one.reliability[:, during, column]
            for cell, one in seen.items()
            if [s for s, _, _ in cell.faults] == [stream]
            and cell.severity >= SEVERE
            and not cell.lies
        ]
        bad = np.concatenate([h.ravel() for h in corrupted])
        good = clean[..., column].ravel()
        out[stream] = auroc(
            np.concatenate([good, bad]), np.arange(len(good) + len(bad)) < len(good)
        )
    return out


def _predictions(seen: dict[Cell, Seen], spec: GateSpec) -> dict[str, Any]:
    """The gate's predictions over all conditions: calibration, and risk against coverage."""
    right, sure, own = [], [], []
    for cell, one in seen.items():
        if cell.lies:
            continue
        answers = gate_answers(spec, one)
        there = answers.labels != NONE
        right.append((answers.labels == one.label[:, None])[there])
        own.append(answers.claimed[there])
        sure.append(answers.confidence[there])
    correct, claimed, confident = (np.concatenate(x) for x in (right, own, sure))
    return {
        "ece_of_probability": calibration_error(correct, claimed),
        "ece_of_confidence": calibration_error(correct, confident),
        "reliability": reliability(correct, claimed),
        "risk_coverage": risk_coverage(correct, confident),
        "risk_coverage_of_probability": risk_coverage(correct, claimed),
    }


def reliability(right: NDArray[np.bool_], claimed: NDArray[Any]) -> list[list[float]]:
    """[claimed, right, share] of ten bins of the claimed probability."""
    which = np.minimum((claimed * 10).astype(int), 9)
    return [
        [round(float(x), 4) for x in (claimed[b].mean(), right[b].mean(), b.mean())]
        for b in (which == k for k in range(10))
        if b.any()
    ]


def risk_coverage(right: NDArray[np.bool_], sure: NDArray[Any]) -> list[list[float]]:
    """[coverage, risk]: share of wrong predictions among those with the highest confidence."""
    wrong = ~right[np.argsort(-sure, kind="stable")]
    risk = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    at = [max(1, round(len(wrong) * c / 20)) for c in range(1, 21)]
    return [[round(k / len(wrong), 3), round(float(risk[k - 1]), 4)] for k in at]


def write(report: dict[str, Any], folder: Path) -> None:
    """Write `faults.json` and `faults.md` to `folder`."""
    checkpoint.write_json(folder / "faults.json", report)
    (folder / "faults.md").write_text(markdown(report), encoding="utf-8")
