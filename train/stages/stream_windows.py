"""Stream windows: the training data of fusion and confidence, made with the trained encoders.

A stream window is one stream's part of a window: its pooled embedding, the signals measured in the
newest step, and the embedding if the *present* condition filled the whole window. If a fault has
just started, most of the window is still clean, but the newest signals show the fault; after its
end it is the other way round. Confidence describes the present condition [R], so its target comes
from `target` while its inputs are `embedding` and `quality`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faults import CLEAN

ABSENT = "absent"
"""The "fault" of a stream that did not exist: its signals are typical ones, not measured."""


@dataclass(frozen=True)
class StreamWindows:
    """n windows of one stream."""

    embedding: NDArray[np.float32]
    """(n, D), pooled over the window."""
    quality: NDArray[np.float32]
    """(n, Q), of the newest step."""
    target: NDArray[np.float32]
    """(n, D), the embedding if the present condition filled the window."""
    evidence: NDArray[np.bool_]
    """(n,), whether the present condition has evidence of the label; a frozen picture has none."""
    label: NDArray[np.int64]
    item: NDArray[np.int64]
    """(n,), index of the corpus item."""
    fault: NDArray[np.str_]
    """(n,), the *present* fault by name, "clean" for none."""
    severity: NDArray[np.float32]
    share: NDArray[np.float32]
    """(n,), share of the window that the present condition covers."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def clean(self) -> NDArray[np.bool_]:
        """bool (n,): windows without a fault, present or past."""
        return np.asarray((self.fault == CLEAN) & (self.share >= 1))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> StreamWindows:
        """The windows at `rows`."""
        return StreamWindows(**{name: array[rows] for name, array in self.arrays().items()})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Fields as arrays, for `train.cache.cached`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Collector:
    """Collects windows one by one."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Any]] = {field.name: [] for field in fields(StreamWindows)}

    def add(self, **row: Any) -> None:
        """One window, by the field names of `StreamWindows`."""
        for name, values in self._rows.items():
            values.append(row[name])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All windows, as typed arrays."""
        types: dict[str, Any] = {
            "embedding": np.float32,
            "quality": np.float32,
            "target": np.float32,
            "evidence": np.bool_,
            "label": np.int64,
            "item": np.int64,
            "severity": np.float32,
            "share": np.float32,
        }
        return {
            name: np.array(values, types[name]) if name in types else np.array(values, np.str_)
            for name, values in self._rows.items()
        }


@dataclass(frozen=True)
class FaultSchedule:
    """The fault schedule of one window: kind, severity and time of the fault.

    The present condition covers the newest `share` of the window; 1 is the whole window. `present`
    is True if that condition is the fault, False if it is the clean signal after the fault.
    """

    fault: str
    severity: float
    share: float
    present: bool


def draw_schedule(
    number: int, faults: list[str], rng: np.random.Generator, sudden: bool = False
) -> FaultSchedule:
    """Draw the schedule of the `number`-th window of an item. The first is clean; most others have
    a fault.

    With `sudden`, half of the windows with a change of condition have it in their newest quarter.
    Recent changes matter most, and uniform draws give too few of them.
    """
    if number == 0 or rng.random() < 0.15:
        return FaultSchedule(CLEAN, 0.0, 1.0, True)
    fault = faults[int(rng.integers(len(faults)))]
    # Severity 1 is common in practice: a muted microphone, a covered lens.
    severity = 1.0 if rng.random() < 0.15 else float(rng.uniform(0.1, 1.0))
    how = rng.random()
    if how < 0.45:
        return FaultSchedule(fault, severity, 1.0, True)
    most = 0.25 if sudden and rng.random() < 0.5 else 1.0
    return FaultSchedule(fault, severity, float(rng.uniform(0.08, most)), bool(how < 0.8))
