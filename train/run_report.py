"""report.json: the contract from training to export, as validated data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from edge.bundle.document import Strict
from edge.bundle.manifest import GateSpec
from edge.config.load import sentence
from edge.errors import DataError
from train import checkpoint

REPORT_NAME = "report.json"

Pair = tuple[float, float]
"""Bounds of a 95 % interval."""


class StreamTest(Strict):
    """One encoder with its own head, alone, on its whole test part."""

    n: int
    resampled: str
    """What the intervals draw together."""
    accuracy: float
    accuracy_interval: Pair
    uar: float
    uar_interval: Pair
    macro_f1: float
    confusion: list[list[int]]
    """Counts, a row for each true label."""


class MultiLabelTest(Strict):
    """The text encoder on comments with one label or several."""

    n: int
    macro_f1: float
    macro_f1_interval: Pair
    micro_f1: float
    f1: list[float]
    """By label."""
    thresholds: list[float]


class ComposedTest(Strict):
    """Fusion on windows composed by class."""

    n: int
    accuracy_by_mask: dict[str, float]
    accuracy_interval: Pair
    uar: float
    ece: float
    confidence_ece: float
    confidence_auroc_wrong_or_right: float
    max_probability_auroc_wrong_or_right: float
    confusion: list[list[int]]


class ConfidenceTest(Strict):
    """Confidence of a one-stream run on windows of which some bear a fault."""

    n_windows: int
    accuracy_with_faults: float
    confidence_auroc_wrong_or_right: float
    max_probability_auroc_wrong_or_right: float


class ReliabilityOnValidation(Strict):
    """How well a stream's reliability separated faults when its threshold was chosen."""

    clean_below_drop: float
    severe_below_drop: float
    clean_median: float
    auroc_by_fault: dict[str, float]
    below_drop_by_fault: dict[str, float]


class RunReport(Strict):
    """What the reports of all runs hold; dicts are by stream unless a name says otherwise."""

    key: str
    """Digest of what it was measured on."""
    labels: list[str]
    gate: GateSpec
    gate_seen_on_validation: dict[str, ReliabilityOnValidation]
    typical_quality: dict[str, list[float]]
    """Medians of the signals on clean windows."""
    left_out: dict[str, dict[str, int]]
    """Rows not used, by reason."""
    items: dict[str, dict[str, int]]
    """By part: train, held_out, val, test."""


class ThreeStreamTest(Strict):
    """Test metrics of a run with three streams."""

    single: dict[str, StreamTest]
    multi_label: dict[str, MultiLabelTest]
    """As written, and as spoken (without punctuation)."""
    composed_clean: ComposedTest
    composed_corrupted: ComposedTest


class ThreeStreamReport(RunReport):
    """Of `cdat-train all`."""

    composed: str
    """What the composed windows are; it stands wherever their numbers are shown."""
    test: ThreeStreamTest


class OneStreamTest(Strict):
    """Test metrics of a run with one stream."""

    single: dict[str, StreamTest]
    confidence: ConfidenceTest


class OneStreamReport(RunReport):
    """Of `cdat-train translate` for the live speech encoder."""

    distilled: str
    """How its encoder was trained."""
    test: OneStreamTest
    comparison: dict[str, Any]
    """results.json: the variants with and without a teacher."""


Report = TypeVar("Report", bound=RunReport)


def write_run_report(report: RunReport, folder: Path) -> None:
    """Write `folder`/report.json."""
    checkpoint.write_json(folder / REPORT_NAME, report.model_dump(mode="json"))


def read_run_report(kind: type[Report], folder: Path) -> Report:
    """Read `folder`/report.json.

    Raises:
        DataError: It is missing, or the first field that is missing or wrong.
    """
    path = folder / REPORT_NAME
    try:
        return kind.model_validate(checkpoint.read_json(path))
    except ValidationError as error:
        raise DataError(sentence(error, kind, f" (in {path})")) from None
