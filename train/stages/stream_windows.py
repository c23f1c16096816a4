"""Stream windows: what fusion and confidence are trained on, with the encoders behind them.

A stream window is one stream's share of a window: its pooled embedding, the signals measured in the
newest step, and what the embedding would be if the window were filled with the *present* condition.
A fault that has just begun has left most of the window good; the newest signals already show it.
One that has just ended is the reverse. What the confidence head is to judge is the present
condition [R], so its target comes from `target`, while it sees `embedding` and `quality`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faults import CLEAN


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
    """(n,), whether the present condition bears on the label at all: a frozen picture does not."""
    label: NDArray[np.int64]
    item: NDArray[np.int64]
    """(n,), the corpus item that it was made of."""
    fault: NDArray[np.str_]
    """(n,), the *present* fault by name, "clean" for none."""
    severity: NDArray[np.float32]
    share: NDArray[np.float32]
    """(n,), how much of the window the present condition covers."""

    def __len__(self) -> int:
        return len(self.label)

    @property
    def clean(self) -> NDArray[np.bool_]:
        """Windows without a fault at present and none before."""
        return np.asarray((self.fault == CLEAN) & (self.share >= 1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As `cached` keeps them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Collector:
    """Gathers windows one by one."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Any]] = {field.name: [] for field in fields(StreamWindows)}

    def add(self, **row: Any) -> None:
        """One window, by the field names of `StreamWindows`."""
        for name, values in self._rows.items():
            values.append(row[name])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of them, typed."""
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
    """The fault schedule of one window: which fault there is, how bad, and since when.

    `share` of the window (its newest part) is in the present condition; 1 is all of it. `present`
    says whether that condition is the fault, or the clear after it.
    """

    fault: str
    severity: float
    share: float
    present: bool


def draw_schedule(
    number: int, faults: list[str], rng: np.random.Generator, sudden: bool = False
) -> FaultSchedule:
    """The `number`-th window of an item: the first is clean, the others mostly faulted.

    With `sudden`, half of the windows whose condition has changed did so at most a quarter of the
    window ago: the moment that counts, of which uniform draws give too few.
    """
    if number == 0 or rng.random() < 0.15:
        return FaultSchedule(CLEAN, 0.0, 1.0, True)
    fault = faults[int(rng.integers(len(faults)))]
    # The worst of each kind is often exactly that: a muted microphone, a covered lens.
    severity = 1.0 if rng.random() < 0.15 else float(rng.uniform(0.1, 1.0))
    how = rng.random()
    if how < 0.45:
        return FaultSchedule(fault, severity, 1.0, True)
    most = 0.25 if sudden and rng.random() < 0.5 else 1.0
    return FaultSchedule(fault, severity, float(rng.uniform(0.08, most)), bool(how < 0.8))
