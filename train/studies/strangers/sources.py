"""The corpora of the study as one kind of thing: labelled items of one stream, with their persons
and splits, passed through the live front end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Manifest
from edge.errors import ConfigError, DataError
from edge.frontends.face_crop import describe
from edge.frontends.text import encode, is_mark, normalise
from edge.types import STREAMS
from train.corpora.items import Corpora
from train.corpora.known import FILES, TITLES

SOURCES = {
    "text": ("goemotions", "meld", "dair_emotion", "isear", "dailydialog"),
    "audio": ("ravdess", "emovo", "nemo", "ased"),
    "vision": ("fer", "muxspace"),
}
"""The corpora that are scored, by stream."""
Windows = Callable[[NDArray[np.int64]], Iterable[NDArray[Any]]]


@dataclass(frozen=True)
class Source:
    """The n usable items of one corpus.

    Attributes:
        labels: (n,), indices into `LABELS`.
        persons: (n,), persons, dialogues, or the items themselves where no person is named: what
            is resampled together and is never on both sides of a split.
        splits: (n,), names of `SPLITS`.
        windows: Rows to the encoder's inputs of each row, (k, *shape) with k >= 1.
        facts: What the inputs depend on, for the cache.
        texts: (n,) the lines of a text corpus; empty for another stream.
    """

    name: str
    stream: str
    labels: NDArray[np.int64]
    persons: NDArray[np.str_]
    splits: NDArray[np.str_]
    windows: Windows
    facts: list[object]
    texts: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, part: str) -> NDArray[np.int64]:
        """The rows of a split."""
        return np.flatnonzero(self.splits == part)


def in_training(manifest: Manifest, source: str) -> bool:
    """Whether the bundle says that the corpus is part of its training data.

    Raises:
        DataError: The bundle does not say what it was trained with, so nobody is a stranger for
            certain.
    """
    data = manifest.provenance.get("data")
    if not isinstance(data, str) or not data:
        raise DataError(
            "The bundle's manifest does not name its training data (provenance: data), so strangers"
            " cannot be told from known persons: build it with cdat-export build."
        )
    return TITLES[source] in data


def open_source(name: str, corpora: Corpora) -> Source:
    """Read a corpus of `SOURCES`; pictures and sounds are decoded once and cached.

    Raises:
        DataError: Its file is missing or damaged, or it has no usable item.
    """
    readers = {"text": _text, "audio": _audio, "vision": _vision}
    stream = next((one for one in STREAMS if name in FILES[one]), None)
    if stream is None:
        raise ConfigError(f"There is no corpus '{name}' in the study of strangers.")
    found = readers[stream](name, replace(corpora, chosen={stream: (name,)}))
    if not len(found):
        raise DataError(f"{corpora.data}: {TITLES[name]} has no usable item: copy all of it.")
    return found


def checked_streams(streams: str) -> tuple[str, ...]:
    """Streams by comma, in the order of `STREAMS`.

    Raises:
        ConfigError: One is unknown.
    """
    asked = [one.strip() for one in streams.split(",") if one.strip()]
    if not asked or (wrong := sorted(set(asked) - set(STREAMS))):
        unknown = wrong[0] if asked else streams
        raise ConfigError(f"--stream {unknown} is not one of {', '.join(STREAMS)}.")
    return tuple(stream for stream in STREAMS if stream in asked)


def _text(name: str, corpora: Corpora) -> Source:
    lines = corpora.loaded_lines
    params = corpora.params.text
    # As an ASR engine writes it, without marks.
    words = {
        int(row): [w for w in normalise(lines.texts[row]) if not is_mark(w)][-params.words :]
        for row in np.flatnonzero(lines.labels >= 0)
    }
    keep = np.array([row for row, said in words.items() if said], np.int64)

    def windows(rows: NDArray[np.int64]) -> Iterable[NDArray[Any]]:
        return (encode(words[int(keep[row])], params)[None] for row in rows)

    return Source(
        name=name,
        stream="text",
        labels=lines.labels[keep],
        persons=np.array([lines.groups[row] for row in keep]),
        splits=lines.splits[keep],
        windows=windows,
        facts=corpora.key("text"),
        texts=[" ".join(words[int(row)]) for row in keep],
        left_out=lines.left_out,
    )


def _audio(name: str, corpora: Corpora) -> Source:
    clips = corpora.clips
    sounds = clips.sounds
    keep = np.flatnonzero([corpora.segment_extractor.long_enough(sound) for sound in sounds])

    def windows(rows: NDArray[np.int64]) -> Iterable[NDArray[Any]]:
        return (corpora.segment_extractor.extract(sounds[keep[row]])[0] for row in rows)

    left = {**clips.left_out, "shorter than a segment": len(sounds) - len(keep)}
    return Source(
        name=name,
        stream="audio",
        labels=clips.labels[keep],
        persons=clips.persons[keep],
        splits=clips.splits[keep],
        windows=windows,
        facts=corpora.key("audio"),
        left_out=left,
    )


def _vision(name: str, corpora: Corpora) -> Source:
    faces, points = corpora.faces
    keep = np.flatnonzero(~np.isnan(points[:, 0, 0]))
    crop = partial(describe, params=corpora.params.face)

    def windows(rows: NDArray[np.int64]) -> Iterable[NDArray[Any]]:
        return (crop(faces.pictures[keep[row]], points[keep[row]])[0][None] for row in rows)

    return Source(
        name=name,
        stream="vision",
        labels=faces.labels[keep],
        persons=faces.persons[keep],
        splits=faces.splits[keep],
        windows=windows,
        facts=corpora.key("vision"),
        left_out=faces.left_out,
    )
