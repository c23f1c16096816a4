"""The clips of a speech corpus: sounds with labels, persons and splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.types import Float
from train.cache import Arrays, cached
from train.corpora.sound import packed, unpacked


@dataclass(frozen=True)
class Clips:
    """n clips, mono at 16 kHz, float32 in -1..1, in the order of their table."""

    names: list[str]
    sounds: list[Float]
    labels: NDArray[np.int64]
    persons: NDArray[np.str_]
    """The speaker of each clip, (n,), as `corpus/speaker`."""
    splits: NDArray[np.str_]
    left_out: dict[str, int]
    """Number of unused rows, by reason."""

    @property
    def corpus(self) -> NDArray[np.str_]:
        """The corpus of each clip, (n,)."""
        return np.array([person.split("/")[0] for person in self.persons])


def cached_clips(cache: Path, name: str, key: str, load: Callable[[], Clips]) -> Clips:
    """`load`, decoded once and kept in `cache` with 16 bits a sample."""
    return _unpacked(cached(cache, name, key, lambda: _packed(load())))


def _packed(clips: Clips) -> Arrays:
    return {
        "names": np.array(clips.names),
        **packed(clips.sounds),
        "labels": clips.labels,
        "persons": clips.persons,
        "splits": clips.splits,
        "left_out": np.array(json.dumps(clips.left_out)),
    }


def _unpacked(stored: Mapping[str, NDArray[np.generic]]) -> Clips:
    return Clips(
        names=[str(name) for name in stored["names"]],
        sounds=unpacked(stored),
        labels=np.asarray(stored["labels"], np.int64),
        persons=np.asarray(stored["persons"], np.str_),
        splits=np.asarray(stored["splits"], np.str_),
        left_out=json.loads(str(stored["left_out"])),
    )
