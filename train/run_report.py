"""report.json: the validated interface from training to export."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from edge.bundle.document import Strict
from edge.bundle.manifest import GateSpec, NumberSpec
from edge.config.sentences import sentence
from edge.errors import DataError
from edge.types import STREAMS
from train import checkpoint
from train.task import Task

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


class MultiLabelTest(Strict):
    """The text encoder on comments with one or more labels."""

    n: int
    macro_f1: float
    macro_f1_interval: Pair
    micro_f1: float
    f1: list[float]
    """Threshold by label."""
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
    """Confidence of a one-stream run on windows with and without a fault."""

    n_windows: int
    accuracy_with_faults: float
    confidence_auroc_wrong_or_right: float
    max_probability_auroc_wrong_or_right: float


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

    start: str | None
    """The bundle whose encoders were trained on, and its data. None: random weights."""
    composed: str
    """Explains composed windows; printed wherever their metrics are shown."""
    test: ThreeStreamTest


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


class MaskTest(Strict):
    """One mask, on the windows in which all its streams are present."""

    n: int
    accuracy: float


class RecordedWindowsTest(Strict):
    """Fusion on windows of recordings, with all streams that are present in each."""

    n: int
    persons: int
    accuracy: float
    accuracy_interval: Pair
    """Persons are resampled."""
    uar: float
    uar_interval: Pair
    macro_f1: float
    by_mask: dict[str, MaskTest]
    ece: float
    confidence_ece: float
    confidence_auroc_wrong_or_right: float
    max_probability_auroc_wrong_or_right: float
    confusion: list[list[int]]


class MaskFigure(Strict):
    """One mask, on the windows in which all its streams are present: micro-F1 of several labels,
    mean absolute error of a number."""

    n: int
    figure: float


class RecordedLabelsTest(Strict):
    """`RecordedWindowsTest` for any number of labels, each with its threshold."""

    n: int
    persons: int
    micro_f1: float
    micro_f1_interval: Pair
    macro_f1: float
    macro_f1_interval: Pair
    jaccard: float
    all_right: float
    """Share of windows with exactly the true labels."""
    f1: dict[str, float]
    """By label."""
    share: dict[str, float]
    """By label: in how many of the windows it is true."""
    by_mask: dict[str, MaskFigure]
    confidence_error: float
    """Mean absolute difference of the confidence from what it estimates."""
    confidence_auroc_wrong_or_right: float


class RecordedNumberTest(Strict):
    """`RecordedWindowsTest` for a number, in its unit."""

    n: int
    persons: int
    ccc: float
    ccc_interval: Pair
    mae: float
    mae_interval: Pair
    mae_of_the_mean: float
    """Of the mean of the training's numbers as the only answer."""
    within_a_deviation: float
    """Share of windows with an error of a standard deviation of the training's numbers or less."""
    by_mask: dict[str, MaskFigure]
    confidence_error: float
    """Mean absolute difference of the confidence from what it estimates."""
    confidence_auroc_wrong_or_right: float
    """Right is within a deviation."""


OnRecordings = RecordedWindowsTest | RecordedLabelsTest | RecordedNumberTest


class RecordedTest(Strict):
    """Test metrics of a run on recordings: as recorded, and with faults."""

    clean: OnRecordings
    faulted: OnRecordings


class RecordedReport(RunReport):
    """Report of `cdat-train all` on a recorded corpus."""

    corpus: str
    encoders: str
    """Name of the bundle whose encoders the run used."""
    encoder_files: dict[str, str]
    """SHA-256 of each encoder's graph."""
    streams: tuple[str, ...] = STREAMS
    """Those that were trained."""
    streams_left_out: dict[str, str] = Field(default_factory=dict)
    """The others, with the reason."""
    samples: str
    """Digest of all samples of the corpus: `digest_of`."""
    test_samples: list[str]
    """The ids of the samples that were tested."""
    persons: dict[str, int]
    """By split; no person is in two."""
    task: Task = "classes"
    thresholds: list[float] | None = None
    """By label, for any number of labels: chosen on validation."""
    number: NumberSpec | None = None
    """For a regression."""
    test: RecordedTest


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
