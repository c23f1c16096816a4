"""Speech of other languages and rooms: EMOVO, nEMO, ASED and URDU; one Parquet table each, a row a
clip, with the sound as Ogg Opus. Split by speaker."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.types import Float
from train.cache import Arrays, cached, digest, fingerprint
from train.corpora.folder import read_columns
from train.corpora.labels import LABELS, index_of
from train.corpora.sound import decode, packed, unpacked
from train.corpora.splits import split_persons

VOICES = ("emovo", "nemo", "ased", "urdu")
"""Italian, Polish and Amharic, all acted; and Urdu from talk shows."""
NEVER_SCORED = frozenset({"urdu"})
"""26 of the 29 speakers of URDU have one label only, so a figure would measure who speaks."""
SAME = {label: label for label in LABELS}
NO_LABEL = "no label among the seven"
COPY = "bit-identical copy of another clip"


@dataclass(frozen=True)
class Voices:
    """The clips of one corpus, mono at 16 kHz, float32 in -1..1, in the table's order."""

    names: list[str]
    sounds: list[Float]
    labels: NDArray[np.int64]
    persons: NDArray[np.str_]
    """The speaker of each clip, (n,); the name begins with that of the corpus."""
    splits: NDArray[np.str_]
    left_out: dict[str, int]
    """Number of unused rows, by reason."""


def file_of(data: Path, corpus: str) -> Path:
    """The table of a corpus of `VOICES`."""
    return data / corpus / f"{corpus}.parquet"


def load(data: Path, corpus: str) -> Voices:
    """Read, check and decode a corpus; a thousand clips take about 10 s.

    Raises:
        DataError: The table or a column is missing, a label is unknown, or a clip is no sound.
    """
    path = file_of(data, corpus)
    rows = read_columns(path, ["id", "label", "speaker", "opus"])
    names, sounds, labels, persons = [], [], [], []
    left_out = {NO_LABEL: 0, COPY: 0}
    seen: set[bytes] = set()
    for name, label, speaker, opus in zip(
        rows["id"], rows["label"], rows["speaker"], rows["opus"], strict=True
    ):
        if label is None:
            left_out[NO_LABEL] += 1
            continue
        index = index_of(str(label), SAME, str(path))
        person = str(speaker or "").strip()
        if not person:
            raise DataError(f"{path}: the clip {name} has no speaker, so it cannot be split.")
        if not isinstance(opus, bytes):
            raise DataError(f"{path}: the clip {name} has no sound in the column opus.")
        sound = decode(opus, f"{path}: the clip {name}")
        content = hashlib.sha256(sound.tobytes()).digest()
        if content in seen:
            left_out[COPY] += 1
            continue
        seen.add(content)
        names.append(str(name))
        sounds.append(sound)
        labels.append(index)
        persons.append(f"{corpus}/{person}")
    return Voices(
        names, sounds, np.array(labels), np.array(persons), split_persons(persons), left_out
    )


def load_cached(data: Path, corpus: str, cache: Path) -> Voices:
    """`load`, decoded once and kept in `cache` with 16 bits a sample."""
    path = file_of(data, corpus)
    if not path.is_file():
        return load(data, corpus)
    key = digest("voices", 1, fingerprint(path))
    stored = cached(cache, f"voices-{corpus}", key, lambda: _packed(load(data, corpus)))
    return Voices(
        names=[str(name) for name in stored["names"]],
        sounds=unpacked(stored),
        labels=stored["labels"],
        persons=stored["persons"],
        splits=stored["splits"],
        left_out=json.loads(str(stored["left_out"])),
    )


def _packed(voices: Voices) -> Arrays:
    return {
        "names": np.array(voices.names),
        **packed(voices.sounds),
        "labels": voices.labels,
        "persons": voices.persons,
        "splits": voices.splits,
        "left_out": np.array(json.dumps(voices.left_out)),
    }
