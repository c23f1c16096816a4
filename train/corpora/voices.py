"""Speech of other languages and rooms: EMOVO, nEMO, ASED and URDU; one Parquet table each, a row a
clip, with the sound as Ogg Opus. Split by speaker."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from edge.errors import DataError
from train.cache import digest, fingerprint
from train.corpora.clips import Clips, cached_clips
from train.corpora.folder import read_columns
from train.corpora.labels import LABELS, index_of
from train.corpora.sound import decode
from train.corpora.splits import split_persons

VOICES = ("emovo", "nemo", "ased", "urdu")
"""Italian, Polish and Amharic, all acted; and Urdu from talk shows."""
NEVER_SCORED = frozenset({"urdu"})
"""26 of the 29 speakers of URDU have one label only, so a figure would measure who speaks."""
SAME = {label: label for label in LABELS}
NO_LABEL = "no label among the seven"
COPY = "bit-identical copy of another clip"


def file_of(data: Path, corpus: str) -> Path:
    """The table of a corpus of `VOICES`."""
    return data / corpus / f"{corpus}.parquet"


def load(data: Path, corpus: str) -> Clips:
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
    return Clips(
        names, sounds, np.array(labels), np.array(persons), split_persons(persons), left_out
    )


def load_cached(data: Path, corpus: str, cache: Path) -> Clips:
    """`load`, decoded once and kept in `cache`."""
    path = file_of(data, corpus)
    if not path.is_file():
        return load(data, corpus)
    key = digest("voices", 1, fingerprint(path))
    return cached_clips(cache, f"voices-{corpus}", key, lambda: load(data, corpus))
