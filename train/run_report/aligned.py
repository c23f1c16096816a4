"""The report of a CDaT run on an aligned corpus, such as a user's copy of a data set."""

from __future__ import annotations

from pydantic import Field

from edge.bundle.document import Strict
from train.run_report.report import Pair
from train.task import Task

Figures = dict[str, float | None]
"""By the name of the metric; None where it is undefined, such as a correlation of equal numbers."""


class SplitFigures(Strict):
    """Figures on one split, or on its samples that have one stream."""

    n: int
    groups: int
    """Videos, actors or dialogues, by which the data is split."""
    figures: Figures
    intervals: dict[str, Pair] = Field(default_factory=dict)
    """Of the test split: 95 %, groups are resampled; empty with fewer than two groups."""


class AlignedStage(Strict):
    """The best epoch of one stage."""

    splits: dict[str, SplitFigures]
    """train (without what is held out for ConfidNet), val, test."""
    alone: dict[str, SplitFigures]
    """By stream: test, with the other streams masked."""
    by_label: dict[str, Figures]
    """Test, of several labels or numbers, each by itself; else empty."""
    confusion: list[list[int]] | None
    """Test, of classes: a row for each true label."""
    thresholds: dict[str, float] | None
    """By label, of several labels: chosen on validation."""
    with_thresholds: SplitFigures | None
    """Test with `thresholds` in place of one half."""
    divergence: float | None
    """Mean KL of the rows that the transfer compares, test, in nat; None where no two streams are
    in the same samples."""


class Gain(Strict):
    """One stage against another on the same test samples, in the main figure."""

    stage: str
    over: str
    figure: str
    gain: float | None
    interval: Pair | None
    changed: float
    """Share of samples whose answer is another one: of numbers, by more than a tenth of the
    deviation of the training's."""


class AlignedReport(Strict):
    """Report of `cdat-train all` on an aligned corpus."""

    name: str
    corpus: str
    task: Task
    labels: list[str]
    model: str
    lambda_: float = Field(alias="lambda")
    seed: int
    streams: list[str]
    stages: dict[str, AlignedStage]
    gains: list[Gain]
    confidence: dict[str, dict[str, float | None]]
    """Of classes: ConfidNet beside scores of the base's logits; else empty."""
