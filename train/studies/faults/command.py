"""`cdat-train faults`: measure a bundle's gate on the identities of the study."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from train import checkpoint
from train.live_config import validated
from train.stages.fusion import fusion_stage, load_fusion
from train.stages.pipeline import CONFIG_NAME, TrainingRun
from train.studies.faults import durations, report
from train.studies.faults.baselines import scores_of, train_baselines
from train.studies.faults.conditions import Conditions
from train.studies.faults.study import Score
from train.studies.faults.timeline import Timeline


def run_study(
    bundle: Bundle, data: Path | None, out: Path, per_class: int, seed: int, score: Score
) -> dict[str, Any]:
    """Simulate every run, apply every policy, write `out`/faults.json and faults.md."""
    conditions = Conditions(bundle, data, per_class, seed)
    identities = {split: conditions.identities(Timeline(), split) for split in ("val", "test")}
    found = report.study(
        identities, bundle.manifest.gate, partial(conditions.see, score=score), seed
    )
    report.write(found, out)
    return found


def run_durations(
    bundle: Bundle, data: Path | None, out: Path, per_class: int, seed: int
) -> dict[str, Any]:
    """The same with faults of other lengths: `out`/durations.json and durations.md."""
    conditions = Conditions(bundle, data, per_class, seed)
    found = durations.study_of_durations(
        conditions.identities, bundle.manifest.gate, conditions.see
    )
    durations.write(found, out)
    return found


def run_lies(
    bundle: Bundle, data: Path | None, out: Path, per_class: int, seed: int
) -> dict[str, Any]:
    """Other persons' streams and changes of emotion alone: `out`/lies.json and lies.md."""
    conditions = Conditions(bundle, data, per_class, seed)
    found = durations.study_of_durations(
        conditions.identities,
        bundle.manifest.gate,
        conditions.see,
        durations.LASTING,
        families=False,
    )
    durations.write_lies(found, out)
    return found


def headline(report: dict[str, Any]) -> str:
    """One line a policy, for the terminal."""
    rows = report["test"]["policies"].items()
    return (
        f"Composed by class; severe faults, {report['identities']['test']} test identities:\n"
        + "\n".join(
            f"  {name:16}"
            f"accuracy {100 * row['accuracy']['value']:5.1f} %   "
            f"regret {100 * row['regret']['value']:5.1f}   "
            f"{_recovered(row['recovered']['value'])}   "
            f"clean cost {100 * row['clean_cost']:4.1f}"
            for name, row in rows
        )
    )


def baselines_of(run: Path, data: Path | None) -> Score:
    """The learned baselines, trained in the run folder of the bundle.

    Raises:
        DataError: `run` is not a run folder, or its stages are not finished.
    """
    config = validated(checkpoint.read_json(run / CONFIG_NAME), str(run / CONFIG_NAME))
    opened = TrainingRun(config, run, data)
    fusion = load_fusion(config, run)
    made_of = opened.fusion_key(fusion_stage(config))
    by_z, gate = train_baselines(
        config,
        fusion,
        opened.windows(),
        run,
        key=f"baselines 2 {made_of}",
    )
    return lambda embeddings, quality: scores_of(fusion, by_z, gate, embeddings, quality)


def _recovered(share: float | None) -> str:
    return "nothing to recover" if share is None else f"recovered {100 * share:5.0f} %"
