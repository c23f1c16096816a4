"""The corpora of the study as one kind of thing: labelled items of one stream, with their persons
and splits, passed through the live front end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import Manifest
from edge.errors import ConfigError, DataError
from edge.frontends.face_crop import describe
from edge.frontends.text import encode, is_mark, normalise
from edge.types import STREAMS
from train.cache import digest, fingerprint
from train.corpora import more_lines, muxspace, voices
from train.corpora.items import Corpora
from train.corpora.sound import RATE_HZ

SOURCES = {
    "text": ("goemotions", "meld", "dair_emotion", "isear", "dailydialog"),
    "audio": ("ravdess", "emovo", "nemo", "ased"),
    "vision": ("fer", "muxspace"),
}
"""The corpora that are scored, by stream."""
PRINTED = {
    "goemotions": "GoEmotions",
    "meld": "MELD",
    "dair_emotion": "dair-ai emotion",
    "isear": "ISEAR",
    "dailydialog": "DailyDialog",
    "ravdess": "RAVDESS",
    "emovo": "EMOVO",
    "nemo": "nEMO",
    "ased": "ASED",
    "urdu": "URDU",
    "fer": "FER+",
    "muxspace": "muxspace",
}
"""Names in a report, and in the field `data` of a bundle's provenance."""

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
    return PRINTED[source] in data


def open_source(name: str, corpora: Corpora) -> Source:
    """Read a corpus of `SOURCES`; pictures and sounds are decoded once and cached.

    Raises:
        DataError: Its file is missing or damaged, or it has no usable item.
    """
    if name in SOURCES["text"]:
        found = _text(name, corpora)
    elif name in ("ravdess", *voices.VOICES):
        found = _audio(name, corpora)
    elif name in SOURCES["vision"]:
        found = _vision(name, corpora)
    else:
        raise ConfigError(f"There is no corpus '{name}' in the study of strangers.")
    if not len(found):
        raise DataError(f"{corpora.data}: {PRINTED[name]} has no usable item: copy all of it.")
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
    if name in more_lines.FILES:
        lines = more_lines.load(corpora.data, name)
        file = more_lines.FILES[name]
    else:
        lines = corpora.loaded_lines
        file = more_lines.FILES["isear"].with_name(f"{name}.parquet")
    params = corpora.params.text
    # As an ASR engine writes it, without marks.
    words = {
        int(row): [w for w in normalise(lines.texts[row]) if not is_mark(w)][-params.words :]
        for row in np.flatnonzero((lines.corpus == name) & (lines.labels >= 0))
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
        facts=[fingerprint(corpora.data / file), digest(str(params))],
        texts=[" ".join(words[int(row)]) for row in keep],
        left_out=lines.left_out,
    )


def _audio(name: str, corpora: Corpora) -> Source:
    if name == "ravdess":
        clips = corpora.clips
        sounds, persons = clips.sounds, np.array([f"ravdess/{actor}" for actor in clips.actors])
        labels, splits, left_out = clips.labels, clips.splits, clips.left_out
        facts: list[object] = list(corpora.key("audio"))
    else:
        known = voices.load_cached(corpora.data, name, corpora.cache)
        sounds, persons = known.sounds, known.persons
        labels, splits, left_out = known.labels, known.splits, known.left_out
        facts = [
            fingerprint(voices.file_of(corpora.data, name)),
            digest(str(corpora.params.speech)),
        ]
    # Shorter than one segment: the live front end gives nothing for it either.
    segment_s = (corpora.params.speech.segment_frames + 2) / 100
    keep = np.flatnonzero([len(sound) > segment_s * RATE_HZ for sound in sounds])

    def windows(rows: NDArray[np.int64]) -> Iterable[NDArray[Any]]:
        return (corpora.segment_extractor.extract(sounds[keep[row]])[0] for row in rows)

    left = {**left_out, "shorter than a segment": len(sounds) - len(keep)}
    return Source(
        name, "audio", labels[keep], persons[keep], splits[keep], windows, facts, left_out=left
    )


def _vision(name: str, corpora: Corpora) -> Source:
    if name == "fer":
        faces, points = corpora.faces
        persons = np.array([f"fer/{one}" for one in faces.names])
        pictures, labels, splits, left_out = (
            faces.pictures,
            faces.labels,
            faces.splits,
            faces.left_out,
        )
        facts: list[object] = list(corpora.key("vision"))
    else:
        known, points = muxspace.with_points(corpora.data, corpora.cache)
        persons, pictures, labels = known.persons, known.pictures, known.labels
        splits, left_out = known.splits, known.left_out
        facts = [fingerprint(corpora.data / muxspace.FILE), digest(str(corpora.params.face))]
    keep = np.flatnonzero(~np.isnan(points[:, 0, 0]))
    crop = partial(describe, params=corpora.params.face)

    def windows(rows: NDArray[np.int64]) -> Iterable[NDArray[Any]]:
        return (crop(pictures[keep[row]], points[keep[row]])[0][None] for row in rows)

    return Source(
        name,
        "vision",
        labels[keep],
        persons[keep],
        splits[keep],
        windows,
        facts,
        left_out=left_out,
    )
