"""The file of the validation slice that a bundle may ship: windows of its training's validation
people, as embeddings and measured signals, on which an adaptation must not lose much.

The file is an .npz without pickle, for n windows of S streams of the bundle:

    labels       the bundle's labels, in its order
    streams      (S,), names, in the order of `edge.types.STREAMS`
    embeddings   float16 (n, S, D)
    quality      float32 (n, Q), the measured signals of these streams, concatenated
    label        int64 (n,), places in the labels
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from edge.bundle import Bundle
from edge.bundle.arrays import open_arrays
from edge.errors import BundleError, first_line

SLICE_NAME = "validation_slice.npz"
MAX_BYTES = 4 * 2**20


@dataclass(frozen=True)
class ShippedSlice:
    """The arrays of the file."""

    labels: tuple[str, ...]
    streams: tuple[str, ...]
    embeddings: NDArray[np.float16]
    quality: NDArray[np.float32]
    label: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def group(self) -> NDArray[np.int64]:
        """(n,), numbers from 0 on in order: windows have the same one that are linked by equal
        embeddings in a stream. A label with few items has the same ones several times."""
        count = len(self)
        # One graph of windows and, behind them, the different embeddings of each stream.
        own = [
            np.unique(self.embeddings[:, place], axis=0, return_inverse=True)[1].reshape(-1)
            for place in range(len(self.streams))
        ]
        ends = np.cumsum([count, *(int(one.max()) + 1 for one in own)])
        columns = np.concatenate([one + end for one, end in zip(own, ends, strict=False)])
        rows = np.tile(np.arange(count), len(own))
        graph = coo_array((np.ones(len(rows)), (rows, columns)), (int(ends[-1]),) * 2)
        parts = connected_components(graph, directed=False)[1][:count]
        _, first, group = np.unique(parts, return_index=True, return_inverse=True)
        return np.asarray(np.argsort(np.argsort(first))[group], np.int64)

    @property
    def half(self) -> NDArray[np.bool_]:
        """(n,), about every second window of each label; no group is cut."""
        group, found = self.group, np.zeros(len(self), bool)
        ahead = np.zeros(len(self.labels), np.int64)  # windows in this half, less the others
        for number in range(int(group.max()) + 1):
            rows = np.flatnonzero(group == number)
            label = self.label[rows[0]]
            found[rows] = ahead[label] <= 0
            ahead[label] += len(rows) if ahead[label] <= 0 else -len(rows)
        return found


def write_slice(path: Path, made: ShippedSlice) -> None:
    """Write the file; a killed process leaves the old one or none."""
    partial = path.with_name(f".{path.name}")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            labels=np.array(made.labels),
            streams=np.array(made.streams),
            embeddings=made.embeddings,
            quality=made.quality,
            label=made.label,
        )
    partial.replace(path)


def streams_in(path: Path) -> tuple[str, ...]:
    """The streams of the slice that a run wrote; none without the file."""
    if not path.is_file():
        return ()
    with np.load(path, allow_pickle=False) as file:
        return tuple(str(name) for name in file["streams"])


def read_slice(bundle: Bundle) -> ShippedSlice | None:
    """The bundle's slice; None where it ships none.

    Raises:
        BundleError: The file is not such a slice, or not one of this bundle. One sentence.
    """
    manifest = bundle.manifest
    if manifest.validation_slice is None:
        return None
    path = bundle.path(manifest.validation_slice)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
        with open_arrays(path) as file:
            found = ShippedSlice(
                tuple(file["labels"].tolist()),
                tuple(file["streams"].tolist()),
                file["embeddings"],
                file["quality"].astype(np.float32),
                file["label"].astype(np.int64),
            )
        _check(found, bundle)
    except Exception as error:  # NumPy and zipfile raise a dozen kinds for a damaged file
        raise BundleError(
            f"{path} is not a validation slice of this bundle ({first_line(error)}): build the"
            " bundle again with `cdat-export build`."
        ) from None
    return found


def _check(found: ShippedSlice, bundle: Bundle) -> None:
    manifest, count = bundle.manifest, len(found.label)
    if manifest.task != "multiclass":
        raise ValueError(f"its windows have one label each, and the task is {manifest.task}")
    if found.labels != manifest.labels:
        raise ValueError("its labels are not those of the manifest")
    if not found.streams or [s for s in manifest.names if s in found.streams] != [*found.streams]:
        raise ValueError("its streams are not streams of the manifest")
    signals = sum(len(manifest.streams[stream].quality) for stream in found.streams)
    wanted = (count, len(found.streams), manifest.fusion.embedding_size)
    if not count or found.embeddings.shape != wanted or found.quality.shape != (count, signals):
        raise ValueError("its arrays have other shapes than the graph's inputs")
    if not (np.isfinite(found.embeddings).all() and np.isfinite(found.quality).all()):
        raise ValueError("a number in it is not finite")
    if found.label.min() < 0 or found.label.max() >= len(found.labels):
        raise ValueError("it has a window of no label")
