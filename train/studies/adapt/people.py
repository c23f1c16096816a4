"""The test persons of a speech corpus as recordings: their clips, played through the live runtime
by `cdat-train extract`."""

from __future__ import annotations

import csv
import logging
import wave
import zlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.errors import DataError
from edge.types import Float
from train.corpora.clips import Clips
from train.corpora.items import Corpora
from train.corpora.known import TITLES
from train.corpora.labels import LABELS
from train.corpora.recorded.extract import extract
from train.corpora.recorded.table import read_source
from train.corpora.sound import RATE_HZ
from train.evaluation.takes import Take, open_material

log = logging.getLogger("train")

PROGRESS_EVERY = 50


def recorded_people(
    name: str, corpora: Corpora, bundle: Bundle, persons: int, clips: int
) -> dict[str, tuple[Take, ...]]:
    """`clips` recordings of each of up to `persons` persons of the corpus' test split.

    They are kept in the cache; an interrupted extraction continues there.

    Raises:
        DataError: The corpus is missing or damaged, or nobody in its test split has enough clips.
    """
    read = replace(corpora, chosen={"audio": (name,)}).clips
    chosen = choose(read, persons, clips)
    if not chosen:
        raise DataError(
            f"{TITLES[name]} has no test person with {clips} clips: ask for fewer with --clips."
        )
    place = corpora.cache / "adapt-study" / name
    table = _write_clips(read, chosen, place)
    count = sum(len(rows) for rows in chosen.values())
    done = 0

    def progress(shown: str, recorded: object) -> None:
        nonlocal done
        done += 1
        if done % PROGRESS_EVERY == 0 or done == count:
            log.info("%s: %d of %d clips recorded", name, done, count)

    extract(read_source(table, "classes"), place / "corpus", 1, asr="none", progress=progress)
    found: dict[str, list[Take]] = defaultdict(list)
    for take in open_material(place / "corpus", bundle, "all").takes:
        found[take.samples[0].person].append(take)
    return {person: tuple(some) for person, some in found.items()}


def choose(clips: Clips, persons: int, each: int) -> dict[str, NDArray[np.int64]]:
    """Rows of `each` clips, labels as equally as they come, of each person of the test split with
    so many. Of more than `persons` persons, the first by a stable hash of their names."""
    test = np.flatnonzero(clips.splits == "test")
    names, counts = np.unique(clips.persons[test], return_counts=True)
    enough = [str(name) for name, count in zip(names, counts, strict=True) if count >= each]
    enough.sort(key=lambda one: (zlib.crc32(one.encode()), one))
    chosen = {}
    for name in sorted(enough[:persons]):
        rows = test[clips.persons[test] == name]
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        chosen[name] = np.sort(rows[in_turns(clips.labels[rows], rng)[:each]])
    return chosen


def in_turns(labels: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.int64]:
    """An order (n,) of items with labels (n,) in which the labels take turns as long as each has
    items left; within a label, and within a turn, it is random."""
    order = rng.permutation(len(labels))
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = order[labels[order] == label]
        turn[own] = np.arange(len(own))
    return np.asarray(order[np.argsort(turn[order], kind="stable")])


def _write_clips(clips: Clips, chosen: dict[str, NDArray[np.int64]], place: Path) -> Path:
    """The chosen clips as sound files, and the table of them for `extract`."""
    folder = place / "clips"
    # Voices of people: only for the owner, as every recording.
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    table = place / "table.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "person", "split"])
        for person, own in chosen.items():
            for row in own:
                path = folder / f"{person.replace('/', '-')}-{row}.wav"
                # A recording's name depends on the file's time, so it is written once.
                if not path.exists():
                    _write_sound(path, clips.sounds[row])
                rows.writerow([f"clips/{path.name}", LABELS[clips.labels[row]], person, "test"])
    return table


def _write_sound(path: Path, sound: Float) -> None:
    partial = path.with_name(f".{path.name}")
    with wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    partial.replace(path)
