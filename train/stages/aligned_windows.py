"""Windows of recordings: what a person's face, voice and words were at one moment.

The stream windows of one moment share their `item`. Of each stream a moment's first window is what
was recorded; the others have a fault.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import STREAMS
from train.stages.composed_windows import ComposedWindows, Composer, default_reliability
from train.stages.stream_windows import StreamWindows


class Aligner(Composer):
    """Draws moments; a fault in one stream leaves the moment of the others as it is."""

    def __init__(
        self,
        stream_windows: dict[str, StreamWindows],
        part: str,
        labels: tuple[str, ...],
        reliability: dict[str, NDArray[np.float32]] | None = None,
    ) -> None:
        """Raises: DataError, if no moment has a stream with evidence; `part` names the split."""
        self._windows = [stream_windows[stream] for stream in STREAMS]
        self._reliability = default_reliability(stream_windows, reliability)
        moments, first = np.unique(self._windows[0].item, return_index=True)
        clean = np.stack(
            [np.unique(one.item, return_index=True)[1] for one in self._windows], axis=1
        )
        there = np.stack(
            [one.evidence[rows] for one, rows in zip(self._windows, clean.T, strict=True)], axis=1
        )
        some = there.any(axis=1)  # the others say nothing of their label
        moments, first, clean = moments[some], first[some], clean[some]
        label = self._windows[0].label[first]
        # Of several labels each set has a number, and each value of a number.
        self._by_label = [np.flatnonzero(label == number) for number in np.unique(label)]
        if not self._by_label:
            raise DataError(
                f"The split '{part}' has no moment with a face, sound or words: add recordings to"
                " it, or give the table other splits."
            )
        self._label = label
        self._clean_rows = clean
        self._all_rows = [_rows_of(one, moments) for one in self._windows]

    def draw(
        self, count: int, rng: np.random.Generator, clean_share: float, fault_share: float = 0.5
    ) -> ComposedWindows:
        """Draw moments with uniform labels, of those that this split has. Arguments as in
        `Composer.draw`."""
        which = rng.integers(0, len(self._by_label), count)
        place = rng.random(count)
        moments = np.array(
            [
                self._by_label[n][int(p * len(self._by_label[n]))]
                for n, p in zip(which, place, strict=True)
            ]
        )
        faulted = rng.random((count, len(STREAMS))) < fault_share
        faulted &= (rng.random(count) >= clean_share)[:, None]
        rows = self._clean_rows[moments]
        for stream, all_rows in enumerate(self._all_rows):
            for one in np.flatnonzero(faulted[:, stream]):
                some = all_rows[moments[one]]
                rows[one, stream] = some[int(rng.integers(len(some)))]
        return self.at(rows, self._label[moments])

    def every(self) -> ComposedWindows:
        """Each moment once, without a fault."""
        return self.at(self._clean_rows, self._label)


def _rows_of(one: StreamWindows, moments: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each moment's windows."""
    order = np.argsort(one.item, kind="stable")
    begin = np.searchsorted(one.item[order], moments)
    end = np.searchsorted(one.item[order], moments, side="right")
    return [order[b:e] for b, e in zip(begin, end, strict=True)]
