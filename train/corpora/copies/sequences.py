"""Computational sequences of the CMU-MultimodalSDK: .csd files, which are HDF5.

<root>/data/<video>/features   (n, D)
<root>/data/<video>/intervals  (n, 2), seconds
<root>/metadata/...
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, first_line


@dataclass(frozen=True)
class Track:
    """One video of a sequence, in the order of time: `features` (n, D), `intervals` (n, 2) in s."""

    features: NDArray[Any]
    intervals: NDArray[np.float64]

    def take(self, rows: NDArray[Any] | slice) -> Track:
        """The entries at `rows`."""
        return Track(self.features[rows], self.intervals[rows])

    def during(self, start_s: float, end_s: float) -> slice:
        """The entries that overlap a time span; they are in order and do not overlap."""
        first = np.searchsorted(self.intervals[:, 1], start_s, "right")
        last = np.searchsorted(self.intervals[:, 0], end_s, "left")
        return slice(int(first), max(int(first), int(last)))

    def centred_in(self, start_s: float, end_s: float) -> Track:
        """The entries whose middle is in a time span, so each belongs to one of adjacent spans."""
        middle = self.intervals.mean(axis=1)
        return self.take((middle >= start_s) & (middle < end_s))

    def averaged(self, spans: NDArray[np.float64]) -> NDArray[np.float32]:
        """Mean features (m, D) over each of the time spans (m, 2), as the SDK aligns; zeros where a
        span has no entry."""
        out = np.zeros((len(spans), self.features.shape[1]), np.float32)
        for row, (start_s, end_s) in enumerate(spans):
            inside = self.features[self.during(start_s, end_s)]
            if len(inside):
                out[row] = inside.mean(axis=0)
        return out


def root_of(path: Path) -> str | None:
    """The name of a sequence ("glove_vectors", "COVAREP", "All Labels"); None if the file is not
    one."""
    try:
        with h5py.File(path, "r") as file:
            return next((name for name in file if _has_data(file[name])), None)
    except OSError:
        return None


class Sequence:
    """An open sequence; a video is read when it is asked for, because COVAREP of MOSEI has 9 GB.

    Args:
        words: features are words (n, 1), returned as text.
    """

    def __init__(self, path: Path, words: bool = False) -> None:
        """Raises: DataError, if the file is not a sequence."""
        root = root_of(path)
        if root is None:
            raise DataError(
                f"{path} is not a computational sequence: it has no <name>/data/<video>."
            )
        self._path, self._words = path, words
        self._file = h5py.File(path, "r")
        self._data = self._file[root]["data"]
        self.videos: tuple[str, ...] = tuple(self._data)

    def __enter__(self) -> Sequence:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def track(self, video: str) -> Track | None:
        """A video; None if the sequence lacks it.

        Raises:
            DataError: It has unequal numbers of features and intervals, or times that are not
                numbers.
        """
        if video not in self._data:
            return None
        try:
            return _track(self._data[video], f"{self._path}: {video}", self._words)
        except (OSError, KeyError) as error:
            raise DataError(f"{self._path} is damaged ({first_line(error)}).") from None


def _has_data(group: object) -> bool:
    return isinstance(group, h5py.Group) and isinstance(group.get("data"), h5py.Group)


def _track(group: Any, where: str, words: bool) -> Track:
    for name in ("features", "intervals"):
        if not isinstance(group, h5py.Group) or not isinstance(group.get(name), h5py.Dataset):
            raise DataError(f"{where} has no {name}.")
    features, intervals = group["features"][()], np.asarray(group["intervals"][()], np.float64)
    if features.ndim == 1:
        features = features[:, None]
    if features.ndim != 2 or intervals.shape != (len(features), 2):
        raise DataError(
            f"{where}: features has the shape {list(features.shape)}, intervals"
            f" {list(intervals.shape)}: they must be (n, D) and (n, 2)."
        )
    if not np.isfinite(intervals).all():
        raise DataError(f"{where}: intervals holds NaN or inf.")
    if words:
        features = np.array([[_word(row[0])] for row in features], np.str_).reshape(-1, 1)
    elif features.dtype.kind not in "fiu":
        raise DataError(f"{where}: features are {features.dtype}, not numbers.")
    else:
        features = features.astype(np.float32)
    order = np.argsort(intervals[:, 0], kind="stable")
    return Track(features[order], intervals[order])


def _word(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
