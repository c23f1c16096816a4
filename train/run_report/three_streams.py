"""The report of a run with all three live streams."""

from __future__ import annotations

from pydantic import Field

from edge.bundle.document import Strict
from train.run_report.report import Pair, RunReport, StreamTest


class MultiLabelTest(Strict):
    """The text encoder on comments with one or more labels."""

    n: int
    macro_f1: float
    macro_f1_interval: Pair
    micro_f1: float
    f1: list[float]
    """By label."""
    thresholds: list[float]
    """By label."""


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


class ThreeStreamTest(Strict):
    """Test metrics of a run with three streams."""

    by_corpus: dict[str, dict[str, StreamTest]]
    """For each corpus of a stream, by its name in `train.corpora.known.TITLES`."""
    multi_label: dict[str, MultiLabelTest]
    """For written text, and for spoken text (without punctuation); empty without GoEmotions."""
    composed_clean: ComposedTest
    composed_corrupted: ComposedTest


class ThreeStreamReport(RunReport):
    """Report of `cdat-train all`."""

    start: dict[str, str] = Field(default_factory=dict)
    """By encoder the bundle from whose encoder its training went on, with its data."""
    composed: str
    """Explains composed windows; printed wherever their metrics are shown."""
    test: ThreeStreamTest
