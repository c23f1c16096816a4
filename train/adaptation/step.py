"""What a step of an adaptation is, and what it is fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.bundle.manifest import Manifest, Task
from train.adaptation.changes import Changes
from train.adaptation.evidence import Evidence
from train.adaptation.shipped import Shipped

FEWEST = 20
"""Verdicts from which a statistic is taken."""


@dataclass(frozen=True)
class Given:
    """What a step is fitted on: the answers here, those of the reference, the bundle's manifest and
    its validation slice, if it ships one."""

    here: Evidence
    reference: Evidence | None
    manifest: Manifest
    shipped: Shipped | None = None


Fit = Callable[[Given, Changes], Changes | None]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        does: In a few words.
        measure: A name in `train.adaptation.measures.MEASURES`. A step may add no errors; and it
            may not make its measure worse, unless it `corrects` and there are fewer errors.
        relabels: Whether it changes how a label is made from the streams; then it is kept only if
            it was checked on labels.
        needs_labels: To be fitted.
        fits: By task, for which it has a meaning.
        asked_for: Off by default. One that `relabels` may then be kept without labels, too, where
            the validation slice that the bundle ships has the streams that it changes.
    """

    does: str
    measure: str
    fits: Mapping[Task, Fit]
    corrects: bool = field(default=False, kw_only=True)
    relabels: bool = field(default=False, kw_only=True)
    needs_labels: bool = field(default=False, kw_only=True)
    asked_for: bool = field(default=False, kw_only=True)

    def fit(self, given: Given, before: Changes) -> Changes | None:
        """Adds the step to the changes before it; None where there is nothing to fit it on."""
        return self.fits[given.manifest.task](given, before)
