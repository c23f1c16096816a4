"""The figures of a file, or of several together: what was answered, and from which streams."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from edge.bundle.manifest import NumberSpec
from edge.recognition.verdict import Verdict


@dataclass
class Tally:
    """Counts verdicts. Shares are of all verdicts, withheld ones included.

    Attributes:
        length_s: How much of the file was processed.
        unsure: Verdicts that withhold the answer.
        labels: How often each label was given.
        values: The given numbers, where the answer is a number.
    """

    length_s: float = 0.0
    verdicts: int = 0
    unsure: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    values: list[float] = field(default_factory=list)
    number: NumberSpec | None = None
    _used: Counter[str] = field(default_factory=Counter)
    _sure: list[float] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one verdict of the file."""
        self.verdicts += 1
        if verdict.media_s is not None:
            self.length_s = verdict.media_s[1]
        self._used.update(verdict.mask)
        if verdict.abstains:
            self.unsure += 1
            return
        if verdict.confidence is not None:
            self._sure.append(verdict.confidence)
        if verdict.value is not None:
            self.number = verdict.number
            self.values.append(verdict.value)
        elif verdict.labels is not None:
            self.labels.update(verdict.labels or ("none of the labels",))
        elif verdict.label is not None:
            self.labels[verdict.label] += 1

    def include(self, other: Tally) -> None:
        """Add what another file has."""
        self.length_s += other.length_s
        self.verdicts += other.verdicts
        self.unsure += other.unsure
        self.labels.update(other.labels)
        self.values += other.values
        self.number = self.number or other.number
        self._used.update(other._used)
        self._sure += other._sure

    @property
    def label(self) -> tuple[str, float] | None:
        """The label that was given most often, and its share; None without one."""
        if not self.labels:
            return None
        label, count = self.labels.most_common(1)[0]
        return label, count / self.verdicts

    @property
    def value(self) -> float | None:
        """The median of the given numbers."""
        return float(np.median(self.values)) if self.values else None

    @property
    def confidence(self) -> float | None:
        """The mean over the given answers."""
        return float(np.mean(self._sure)) if self._sure else None

    def used(self, stream: str) -> float | None:
        """Share of the verdicts in which the stream was used."""
        return self._used[stream] / self.verdicts if self.verdicts else None
