"""The report of a run with one live stream."""

from __future__ import annotations

from typing import Any

from edge.bundle.document import Strict
from train.run_report.report import RunReport, StreamTest


class ConfidenceTest(Strict):
    """Confidence of a one-stream run on windows with and without a fault."""

    n_windows: int
    accuracy_with_faults: float
    confidence_auroc_wrong_or_right: float
    max_probability_auroc_wrong_or_right: float


class OneStreamTest(Strict):
    """Test metrics of a run with one stream."""

    single: dict[str, StreamTest]
    confidence: ConfidenceTest


class OneStreamReport(RunReport):
    """Report of `cdat-train translate` for the live speech encoder."""

    distilled: str
    """How the encoder was trained."""
    test: OneStreamTest
    comparison: dict[str, Any]
    """Content of results.json: the variants with and without a teacher."""
