"""What every kind of run reports, and report.json."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from edge.bundle.document import Strict
from edge.bundle.manifest import GateSpec
from edge.config.sentences import sentence
from edge.errors import DataError
from train import checkpoint

REPORT_NAME = "report.json"

Pair = tuple[float, float]
"""Lower and upper bound of a 95 % interval."""


class StreamTest(Strict):
    """One encoder with its own head, alone, on its whole test split."""

    n: int
    resampled: str
    """Unit of resampling for the intervals, such as "actors"."""
    accuracy: float
    accuracy_interval: Pair
    uar: float
    uar_interval: Pair
    macro_f1: float
    confusion: list[list[int]]
    """Confusion matrix of counts; a row for each true label."""


class ReliabilityOnValidation(Strict):
    """How well a stream's reliability separates faults on validation."""

    clean_below_drop: float
    severe_below_drop: float | None
    """None where no window has a severe fault."""
    clean_median: float
    auroc_by_fault: dict[str, float]
    below_drop_by_fault: dict[str, float]


class RunReport(Strict):
    """Fields of the reports of all runs; dicts are by stream unless stated otherwise."""

    key: str
    """Digest of the networks and the data that were measured."""
    labels: list[str]
    gate: GateSpec
    gate_seen_on_validation: dict[str, ReliabilityOnValidation]
    typical_quality: dict[str, list[float]]
    """Medians of the signals on clean windows."""
    left_out: dict[str, dict[str, int]]
    """Number of unused rows, by reason."""
    items: dict[str, dict[str, int]]
    """Number of items by split: train, held_out, val, test."""


Report = TypeVar("Report", bound=RunReport)


def write_run_report(report: RunReport, folder: Path) -> None:
    """Write `folder`/report.json."""
    checkpoint.write_json(folder / REPORT_NAME, report.model_dump(mode="json"))


def read_run_report(kind: type[Report], folder: Path) -> Report:
    """Read `folder`/report.json.

    Raises:
        DataError: The file is missing, or a field is missing or invalid; the first one is named.
    """
    path = folder / REPORT_NAME
    try:
        return kind.model_validate(checkpoint.read_json(path))
    except ValidationError as error:
        raise DataError(sentence(error, kind, f" (in {path})")) from None
