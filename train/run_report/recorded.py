"""The report of a run on a recorded corpus."""

from __future__ import annotations

from pydantic import Field

from edge.bundle.document import Strict
from edge.bundle.manifest import NumberSpec
from edge.types import STREAMS
from train.run_report.report import Pair, RunReport
from train.run_report.transfer_gain import TransferGain
from train.task import Task


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


class UnlabelledPart(Strict):
    """What took part in CDaT's transfer, and in nothing else, because it has no label."""

    samples: int
    persons: int
    windows: int
    """Moments, without those that are repeated with a fault."""


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
    unlabelled: UnlabelledPart | None = None
    """None: no sample without a label was used."""
    transfer: TransferGain | None = None
    """None: there was no transfer."""
    task: Task = "classes"
    thresholds: list[float] | None = None
    """By label, for any number of labels: chosen on validation."""
    number: NumberSpec | None = None
    """For a regression."""
    test: RecordedTest
