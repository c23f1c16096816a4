"""Trimodal windows composed by class: a face, a voice and a line of one label, from one
split.

The streams are independent given the class. So metrics on these windows describe composed windows
and not people, and every place that shows them must say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import ALL_STREAMS, MASK_ROWS, STREAMS
from train.stages.stream_windows import ABSENT, StreamWindows


@dataclass(frozen=True)
class ComposedWindows:
    """n composed windows; streams in the order of `edge.types.STREAMS`."""

    embeddings: NDArray[np.float32]
    """(n, 3, D): embeddings of the windows."""
    quality: NDArray[np.float32]
    """(n, Q), the signals of all streams, concatenated."""
    target: NDArray[np.float32]
    """(n, 3, D): embeddings if the present condition filled the whole window."""
    reliability: NDArray[np.float32]
    """(n, 3): reliability of each stream in its present condition, in 0..1."""
    label: NDArray[np.int64]
    rows: NDArray[np.int64]
    """(n, 3): index of the stream window of each stream."""
    measured: NDArray[np.bool_]
    """(n, 3): the stream existed, so its signals were measured."""
    clean: NDArray[np.bool_]
    """(n, 3): the stream existed and was without a fault."""

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: slice) -> ComposedWindows:
        """Consecutive windows."""
        return ComposedWindows(**{name: value[rows] for name, value in vars(self).items()})

    @property
    def present(self) -> NDArray[np.bool_]:
        """bool (n, 3): the streams with an embedding. Composed windows have all of them."""
        return np.asarray((self.embeddings != 0).any(axis=2))

    @property
    def whole(self) -> NDArray[np.int64]:
        """(n,): the row in `MASKS` of all streams that are present; without any, that of all."""
        rows = [MASK_ROWS.get(frozenset(np.array(STREAMS)[one].tolist())) for one in self.present]
        return np.array([ALL_STREAMS if row is None else row for row in rows], np.int64)


class Composer:
    """Composes windows from the stream windows of one split."""

    def __init__(
        self,
        stream_windows: dict[str, StreamWindows],
        part: str,
        labels: tuple[str, ...],
        reliability: dict[str, NDArray[np.float32]] | None = None,
        prior: tuple[float, ...] | None = None,
    ) -> None:
        """`reliability`: of each stream window, by stream; the default is 1 with evidence, else 0.
        `prior`: share of each label in the windows; the default is equal shares.

        Raises:
            DataError: A class has no window in one of the streams.
        """
        self._windows = [stream_windows[stream] for stream in STREAMS]
        self._reliability = default_reliability(stream_windows, reliability)
        self._labels, self._prior = len(labels), prior
        self._any: list[list[NDArray[np.int64]]] = []
        self._clean: list[list[NDArray[np.int64]]] = []
        for stream, one in zip(STREAMS, self._windows, strict=True):
            rows = [np.flatnonzero(one.label == c) for c in range(len(labels))]
            clean = [r[one.clean[r]] for r in rows]
            for c, some in enumerate(clean):
                if not len(some):
                    raise DataError(
                        f"The {part} split has no {stream} item of the class '{labels[c]}': "
                        "windows are composed by class, so add items of this class."
                    )
            self._any.append(rows)
            self._clean.append(clean)

    def draw(
        self, count: int, rng: np.random.Generator, clean_share: float, fault_share: float = 0.5
    ) -> ComposedWindows:
        """Draw windows, labels by the prior.

        Args:
            clean_share: share of windows without a fault in any stream.
            fault_share: in the other windows, the chance of each stream to be drawn from all its
                stream windows, which include those with faults.
        """
        if self._prior is None:
            labels = rng.integers(0, self._labels, count)
        else:
            labels = rng.choice(self._labels, count, p=self._prior)
        faulted = rng.random((count, 3)) < fault_share
        faulted &= (rng.random(count) >= clean_share)[:, None]
        rows = np.empty((count, 3), np.int64)
        for stream in range(3):
            for label in range(self._labels):
                for which, pool in ((False, self._clean), (True, self._any)):
                    here = np.flatnonzero((labels == label) & (faulted[:, stream] == which))
                    pool_ = pool[stream][label]
                    rows[here, stream] = pool_[rng.integers(0, len(pool_), len(here))]
        return self.at(rows, labels)

    def at(self, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> ComposedWindows:
        """The windows composed of stream windows `rows`, shape (n, 3), of the given labels."""
        picked = list(zip(self._windows, rows.T, strict=True))
        return ComposedWindows(
            embeddings=np.stack([r.embedding[k] for r, k in picked], axis=1),
            quality=np.concatenate([r.quality[k] for r, k in picked], axis=1),
            target=np.stack([r.target[k] for r, k in picked], axis=1),
            reliability=np.stack(
                [w[k] for w, k in zip(self._reliability, rows.T, strict=True)], axis=1
            ),
            label=labels,
            rows=rows,
            measured=np.stack([w.fault[k] != ABSENT for w, k in picked], axis=1),
            clean=np.stack([w.clean[k] for w, k in picked], axis=1),
        )


def default_reliability(
    stream_windows: dict[str, StreamWindows], known: dict[str, NDArray[np.float32]] | None
) -> list[NDArray[np.float32]]:
    """The reliability of each stream window, in the order of `STREAMS`: the known one, else 1 for
    a window with evidence of its label and 0 for others."""
    return [known[s] if known else stream_windows[s].evidence.astype(np.float32) for s in STREAMS]
