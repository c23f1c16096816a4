"""What a search found: a table, every trial as CSV and JSON, and the best configuration."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import yaml

from train import checkpoint
from train.search.search import Search
from train.search.space import with_values
from train.tables import table

if TYPE_CHECKING:
    from optuna import Study

BEST_NAME, CSV_NAME, JSON_NAME = "best.yaml", "trials.csv", "trials.json"
SHOWN = 10


def write_result(search: Search, study: Study) -> str:
    """Write trials.csv, trials.json and best.yaml. Returns the page to print."""
    rows = [_row(one) for one in study.get_trials(deepcopy=False) if _counts(one)]
    scored = sorted((r for r in rows if r["score"] is not None), key=lambda r: -r["score"])
    keys = list(search.space)
    with (search.folder / CSV_NAME).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "state", "score", *keys, "seconds", "why"])
        for row in rows:
            values = [row["values"].get(key) for key in keys]
            writer.writerow(
                [row["trial"], row["state"], row["score"], *values, row["seconds"], row["why"]]
            )
    facts = {"stage": search.stage, "seed": search.seed, "configuration": search.keys}
    checkpoint.write_json(search.folder / JSON_NAME, {**facts, "trials": rows})
    if not scored:
        return "No trial is complete: give more --trials or --minutes."
    best = scored[0]
    head = (
        f"# The best of {len(rows)} trials by the validation score of {search.stage}, seed"
        f" {search.seed}: {best['score']:.4f}\n"
    )
    text = yaml.safe_dump(with_values(search.keys, best["values"]), sort_keys=False)
    (search.folder / BEST_NAME).write_text(head + text, encoding="utf-8")
    page = table(
        ["trial", "score", *keys],
        [
            [str(r["trial"]), f"{r['score']:.4f}", *(_cell(r["values"][k]) for k in keys)]
            for r in scored[:SHOWN]
        ],
    )
    pruned = sum(row["state"] == "pruned" for row in rows)
    counts = f"{len(scored)} trials complete, {pruned} pruned, seed {search.seed}"
    return f"Validation score of {search.stage}; {counts}:\n{page}{_importance(search, study)}"


def _importance(search: Search, study: Study) -> str:
    """The share of the score's variance that each key explains (fANOVA); nothing where the trials
    are too few or all alike."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < 4 or len({one.value for one in complete}) < 2:
        return ""
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=search.seed))
    shown = "  ".join(f"{key} {share:.2f}" for key, share in found.items())
    return f"\nImportance, share of the variance of the score: {shown}"


def _counts(one: Any) -> bool:
    """Not the trials that were stopped and begun again."""
    return one.state.name in ("COMPLETE", "PRUNED") or "failed" in one.user_attrs


def _row(one: Any) -> dict[str, Any]:
    return {
        "trial": one.number,
        "state": "failed" if one.state.name == "FAIL" else one.state.name.lower(),
        "score": one.value if one.state.name == "COMPLETE" else None,
        "values": one.params,
        "epochs": {str(step): value for step, value in one.intermediate_values.items()},
        "seconds": None if one.duration is None else round(one.duration.total_seconds(), 2),
        "folder": one.user_attrs.get("folder"),
        "why": one.user_attrs.get("failed", ""),
    }


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
