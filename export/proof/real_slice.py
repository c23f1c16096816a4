"""Real items of the training's corpora: a few of one split, with labels, read in seconds.

INT8 is calibrated on the training split. Engines are compared on the test split: an engine's
figure is its loss against another engine that runs the same weights, nothing is trained or tuned on
it, and validation has 120 clips of two actors only, of which one is 0.8 % of the accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.errors import DataError
from edge.frontends import FrontEndParams
from train.cache import cache_folder
from train.corpora import fer, keypoints, lines, ravdess
from train.corpora.clips import Clips
from train.corpora.faces import Faces
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.splits import SplitName
from train.stages.full_items import full_items

ITEMS = 1000
"""Default items a stream; RAVDESS has 360 clips in its test split."""
SPARE = 1.15
"""Pictures looked at for each that is needed: in 3 % the detector finds no face."""


@dataclass(frozen=True)
class Items:
    """n labelled items of one stream, passed through the live front end.

    Attributes:
        windows: For each item the encoder's inputs, shape (k, *shape), k >= 1: the segments of a
            clip, or one crop or table of words.
        labels: (n,), indices into the manifest's `labels`.
        groups: (n,), items of one group (an actor) have correlated errors.
    """

    windows: list[NDArray[np.generic]]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.windows)


RealSlice = dict[str, Items]
"""Items by stream, in the order of `edge.types.STREAMS`."""


def read_slice(
    bundle: Bundle, data: Path, count: int = ITEMS, split: SplitName = "test", seed: int = 0
) -> RealSlice:
    """Draw up to `count` items of each stream of the bundle, without repetition.

    Args:
        data: The folder of `train.corpora.folder.data_folder`.

    Raises:
        DataError: A corpus is missing or damaged, a stream has no item, or the bundle's labels are
            not those of the corpora.
    """
    bundle.one_label("a comparison on real items", "compile it in fp32, and verify it without them")
    names = bundle.manifest.labels
    if set(names) != set(LABELS):
        raise DataError(
            f"{bundle.folder} has the labels {', '.join(names)}, but the corpora have"
            f" {', '.join(LABELS)}: no real items can be compared."
        )
    places = np.array([names.index(label) for label in LABELS])
    corpora = read_corpora(data, bundle.manifest.names, count, split, seed)
    out: RealSlice = {}
    for stream in bundle.manifest.names:
        made, labels, groups = full_items(corpora, stream, split)
        windows = [np.asarray(window) for window in made]
        whole = [k for k, window in enumerate(windows) if len(window)]
        if not whole:
            raise DataError(f"{data} has no {stream} item in the {split} split: copy all of it.")
        out[stream] = Items([windows[k] for k in whole], places[labels[whole]], groups[whole])
    return out


def read_corpora(
    data: Path, streams: Iterable[str], count: int, split: SplitName, seed: int
) -> Corpora:
    """The corpora of training, cut to `count` items of one split in each of `streams`.

    Raises:
        DataError: `count` is below 1, or a corpus is missing or damaged.
    """
    if count < 1:
        raise DataError(f"{count} items were asked for: ask for one or more.")
    corpora = Corpora(data, cache_folder(), FrontEndParams())
    read: dict[str, Callable[[int, SplitName, np.random.Generator], object]] = {
        "text": partial(_lines, corpora),
        "audio": partial(_clips, data),
        "vision": partial(_faces, data),
    }
    place = {"text": "lines", "audio": "clips", "vision": "faces"}
    for number, stream in enumerate(("text", "audio", "vision")):
        if stream in set(streams):
            rng = np.random.default_rng((seed, number))
            # `Corpora` keeps what it read in attributes of these names, and reads nothing again.
            vars(corpora)[place[stream]] = read[stream](count, split, rng)
    return corpora


def _drawn(rows: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.permutation(rows)[:count])


def _lines(
    corpora: Corpora, count: int, split: SplitName, rng: np.random.Generator
) -> tuple[lines.Lines, list[list[str]]]:
    loaded, words = corpora.lines
    rows = _drawn(corpora.usable("text", split), count, rng)
    cut = lines.Lines(
        texts=[loaded.texts[k] for k in rows],
        labels=loaded.labels[rows],
        every=loaded.every[rows],
        corpus=loaded.corpus[rows],
        splits=loaded.splits[rows],
        groups=[loaded.groups[k] for k in rows],
        left_out=loaded.left_out,
    )
    return cut, [words[k] for k in rows]


def _clips(data: Path, count: int, split: SplitName, rng: np.random.Generator) -> Clips:
    listed = ravdess.listed(data)
    rows = _drawn(np.flatnonzero(listed.splits == split), count, rng)
    return Clips(
        names=[listed.names[k] for k in rows],
        sounds=[ravdess.decode(listed.paths[k]) for k in rows],
        labels=listed.labels[rows],
        persons=ravdess.persons_of(listed.actors[rows]),
        splits=listed.splits[rows],
        left_out={},
    )


def _faces(
    data: Path, count: int, split: SplitName, rng: np.random.Generator
) -> tuple[Faces, NDArray[np.float32]]:
    faces = fer.load(data)
    rows = _drawn(np.flatnonzero(faces.splits == split), int(count * SPARE) + 1, rng)
    points = keypoints.find(faces.pictures[k] for k in rows)
    found = np.flatnonzero(~np.isnan(points[:, 0, 0]))
    found = _drawn(found, count, rng)
    rows, points = rows[found], points[found]
    return faces.at(rows), points
