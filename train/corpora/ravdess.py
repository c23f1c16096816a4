"""RAVDESS speech: acted English, 24 actors, two sentences; split by actor."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.cache import digest, fingerprint
from train.corpora import sound
from train.corpora.clips import Clips, cached_clips
from train.corpora.labels import RAVDESS, index_of
from train.corpora.splits import split_of_actor

FOLDER = Path("ravdess_audio")
MANIFEST = FOLDER / "manifest.csv"
RATE_HZ = sound.RATE_HZ


def decode(path: Path) -> Float:
    """Decode a sound file to mono at 16 kHz.

    Raises:
        DataError: The file is missing or is not a sound file.
    """
    return sound.decode(path, str(path))


@dataclass(frozen=True)
class Listed:
    """The rows of the manifest, before any clip is decoded."""

    names: list[str]
    paths: list[Path]
    labels: NDArray[np.int64]
    actors: NDArray[np.int64]
    splits: NDArray[np.str_]


def listed(data: Path) -> Listed:
    """Read and check the manifest.

    Raises:
        DataError: The manifest or a clip is missing, or a row is wrong.
    """
    path = data / MANIFEST
    if not path.is_file():
        raise DataError(f"{path} is missing: copy it there, or set CDAT_DATA to the right folder.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"file", "emotion", "actor"} <= set(rows[0]):
        raise DataError(f"{path} must have rows with the columns file, emotion and actor.")
    paths, labels, actors = [], [], []
    for row in rows:
        clip = data / FOLDER / "opus16k" / row["file"]
        if not clip.is_file():
            raise DataError(f"{clip} is listed in {path.name}, but it is missing.")
        paths.append(clip)
        labels.append(index_of(row["emotion"], RAVDESS, str(path)))
        if not row["actor"].isdigit():
            raise DataError(f"{path} has the actor '{row['actor']}', which is not a number.")
        actors.append(int(row["actor"]))
    return Listed(
        names=[row["file"] for row in rows],
        paths=paths,
        labels=np.array(labels),
        actors=np.array(actors),
        splits=np.array([split_of_actor(actor) for actor in actors]),
    )


def persons_of(actors: NDArray[np.int64]) -> NDArray[np.str_]:
    """Names of actors, (n,), as `Clips.persons` has them."""
    return np.array([f"ravdess/{actor:02d}" for actor in actors])


def load_cached(data: Path, cache: Path) -> Clips:
    """`load`, decoded once and kept in `cache`."""
    manifest = data / MANIFEST
    if not manifest.is_file():
        return load(data)
    key = digest("ravdess", 2, fingerprint(manifest))
    return cached_clips(cache, "ravdess", key, lambda: load(data))


def load(data: Path) -> Clips:
    """Decode all clips (1440 in about 20 s) except bit-identical copies."""
    rows = listed(data)
    kept: list[int] = []
    sounds: list[Float] = []
    seen: set[bytes] = set()
    for k, path in enumerate(rows.paths):
        clip = decode(path)
        # The copies differ in their Ogg serial number, so the decoded sound is compared.
        content = hashlib.sha256(clip.tobytes()).digest()
        if content not in seen:
            seen.add(content)
            kept.append(k)
            sounds.append(clip)
    return Clips(
        names=[rows.names[k] for k in kept],
        sounds=sounds,
        labels=rows.labels[kept],
        persons=persons_of(rows.actors[kept]),
        splits=rows.splits[kept],
        left_out={"bit-identical copy of another clip": len(rows.paths) - len(kept)},
    )
