"""Measure a bundle on recordings: replay, figures, and the folder of the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle
from edge.errors import DataError
from edge.recording.session import bundle_digest
from train.evaluation.answers import SeenNetworks
from train.evaluation.figures import behaviour, scores, short
from train.evaluation.judged import Judged, judge
from train.evaluation.open_figures import open_scores
from train.evaluation.page import page
from train.evaluation.takes import Material, Split, open_material

REPORT_NAME, PAGE_NAME, PLOT_NAME = "report.json", "README.md", "figures.png"


def evaluate(
    bundle: Bundle, folder: Path, split: Split, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """The report of a bundle on a recorded corpus or on recordings.

    Args:
        progress: Is told the recordings done and their number.

    Raises:
        DataError, RecordingError, EngineError: One sentence.
    """
    material = open_material(folder, bundle, split)
    total = len(material.takes)
    networks = SeenNetworks(bundle)
    try:
        judged = judge(material.takes, bundle, networks, lambda done: progress(done, total))
    finally:
        networks.close()
    if not len(judged):
        raise DataError(
            f"{folder} has no window of a second or more in a sample: record longer ones."
        )
    return report(bundle, material, judged)


def report(bundle: Bundle, material: Material, judged: Judged) -> dict[str, Any]:
    """All figures, as JSON data."""
    faulted = np.array([bool(faults) for faults in judged.faults], bool)
    groups = {"clean": judged.at(~faulted)}
    if faulted.any():
        groups["faulted"] = judged.at(faulted)
    faults = sorted({fault for one in judged.faults for fault in one})
    score = scores if judged.other is None else open_scores
    return {
        "task": judged.task,
        "bundle": {"name": bundle.manifest.name, "digest": bundle_digest(bundle)},
        "corpus": material.name,
        "chosen": material.chosen,
        "labels": list(judged.labels),
        "labels_in_common": list(material.labels),
        "samples_of_other_labels": material.left_out,
        "recordings": len(material.takes),
        "with_given_words": sum(take.words is not None for take in material.takes),
        "persons": len(np.unique(judged.person)),
        "verdicts": {
            name: {"scores": score(one), "behaviour": behaviour(one)}
            for name, one in groups.items()
            if len(one)
        },
        "by_fault": {
            fault: short(judged.at(np.array([fault in one for one in judged.faults], bool)))
            for fault in faults
        },
        "by_person": {
            str(person): short(groups["clean"].at(groups["clean"].person == person))
            for person in np.unique(groups["clean"].person)
        },
    }


def write(report: dict[str, Any], out: Path) -> None:
    """Write report.json, README.md and the plots.

    Raises:
        SinkError: matplotlib is missing. The other files are written before.
    """
    from train.evaluation.plot import plot

    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (out / REPORT_NAME).write_text(text + "\n", encoding="utf-8")
    (out / PAGE_NAME).write_text(page(report), encoding="utf-8")
    plot(report, out / PLOT_NAME)
