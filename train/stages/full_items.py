"""The unaugmented items of a split, for the test metrics of single streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frontends.face_crop import describe
from edge.frontends.text import encode
from train.corpora.items import Corpora


def full_items(
    corpora: Corpora, stream: str, part: str, corpus: str | None = None
) -> tuple[Iterator[NDArray[Any]], NDArray[np.int64], NDArray[np.int64]]:
    """Each usable item of a split as one window, of all corpora or of one.

    Returns:
        Windows (n_items, ...), one after the other; labels (n,); and groups (n,). Items of one
        group (an actor's clips) have correlated errors and are resampled together.
    """
    items = corpora.usable(stream, part, corpus)
    if stream == "audio":
        long_enough = corpora.segment_extractor.long_enough
        items = items[[long_enough(corpora.clips.sounds[i]) for i in items]]
    labels = corpora.labels(stream)[items]
    if stream == "vision":
        faces, points = corpora.faces
        params = corpora.params.face
        made = (describe(faces.pictures[i], points[i], params)[0][None] for i in items)
        return made, labels, _numbered(faces.persons[items])
    if stream == "audio":
        clips = corpora.clips
        made = (corpora.segment_extractor.extract(clips.sounds[i])[0] for i in items)
        return made, labels, _numbered(clips.persons[items])
    words = corpora.lines[1]
    ids = (encode(words[i], corpora.params.text)[None] for i in items)
    return ids, labels, np.arange(len(items))


def _numbered(persons: NDArray[np.str_]) -> NDArray[np.int64]:
    """The same number for the same person."""
    return np.unique(persons, return_inverse=True)[1].astype(np.int64)
