"""The three corpora of the live bundle: items, labels and splits, read once in a run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frontends import FrontEndParams
from edge.frontends.text import is_mark, normalise
from edge.types import STREAMS
from train.cache import cached, digest, fingerprint
from train.corpora import fer, keypoints, lines, ravdess, sound
from train.corpora.lines import Lines
from train.corpora.segments import SegmentExtractor


@dataclass
class Corpora:
    """Reads each corpus at its first use."""

    data: Path
    cache: Path
    params: FrontEndParams

    @cached_property
    def faces(self) -> tuple[fer.Faces, NDArray[np.float32]]:
        """FER+ and its key points (n, 4, 2), NaN where no face was found."""
        faces = fer.load(self.data)
        points = keypoints.find_cached(faces.names, faces.pictures, self.cache)
        faces.left_out["no face found"] = int(np.isnan(points[:, 0, 0]).sum())
        return faces, points

    @cached_property
    def clips(self) -> ravdess.Clips:
        """RAVDESS; from the cache if it was decoded before."""
        manifest = self.data / ravdess.FOLDER / "manifest.csv"
        if not manifest.is_file():
            return ravdess.load(self.data)
        key = digest("ravdess", 1, fingerprint(manifest))
        stored = cached(self.cache, "ravdess", key, lambda: _packed(ravdess.load(self.data)))
        return ravdess.Clips(
            names=[str(name) for name in stored["names"]],
            sounds=sound.unpacked(stored),
            labels=stored["labels"],
            actors=stored["actors"],
            splits=stored["splits"],
            left_out=json.loads(str(stored["left_out"])),
        )

    @cached_property
    def lines(self) -> tuple[Lines, list[list[str]]]:
        """GoEmotions and MELD, with each line's words as an ASR engine would write them."""
        loaded, written = self.written
        return loaded, [[word for word in words if not is_mark(word)] for words in written]

    @cached_property
    def loaded_lines(self) -> Lines:
        """GoEmotions and MELD as they are in their files."""
        return lines.load(self.data)

    @cached_property
    def written(self) -> tuple[Lines, list[list[str]]]:
        """The same lines with punctuation, which occurs only in written text."""
        loaded = self.loaded_lines
        return loaded, [normalise(text)[-self.params.text.words :] for text in loaded.texts]

    @cached_property
    def segment_extractor(self) -> SegmentExtractor:
        """The speech front end."""
        return SegmentExtractor(self.params.speech)

    def usable(self, stream: str, split: str) -> NDArray[np.int64]:
        """Indices of the items of one split that can be encoded."""
        if stream == "vision":
            faces, points = self.faces
            return np.flatnonzero((faces.splits == split) & ~np.isnan(points[:, 0, 0]))
        if stream == "audio":
            return np.flatnonzero(self.clips.splits == split)
        loaded, words = self.lines
        some = np.array([bool(w) for w in words]) & (loaded.labels >= 0)
        return np.flatnonzero((loaded.splits == split) & some)

    def written_lines(self, split: str, corpus: str | None = None) -> NDArray[np.int64]:
        """Indices of the lines of one split with a word or a punctuation mark, and any emotions."""
        loaded, words = self.written
        some = np.array([bool(w) for w in words]) & (loaded.splits == split)
        return np.flatnonzero(some if corpus is None else some & (loaded.corpus == corpus))

    def labels(self, stream: str) -> NDArray[np.int64]:
        """Label of every item."""
        if stream == "vision":
            return self.faces[0].labels
        return self.clips.labels if stream == "audio" else self.lines[0].labels

    def left_out(self) -> dict[str, dict[str, int]]:
        """Number of unused rows, by stream and reason."""
        return {
            "vision": self.faces[0].left_out,
            "audio": self.clips.left_out,
            "text": self.lines[0].left_out,
        }

    def key(self, stream: str | None = None) -> list[object]:
        """Identifies the data and the front ends of one stream, or of all."""
        if stream is None:
            return [part for one in STREAMS for part in self.key(one)]
        sources: dict[str, tuple[list[Path], Any]] = {
            "vision": ([fer.FILE], self.params.face),
            "audio": ([ravdess.FOLDER / "manifest.csv"], self.params.speech),
            "text": ([lines.GOEMOTIONS, lines.MELD], self.params.text),
        }
        files, params = sources[stream]
        found = [fingerprint(self.data / f) for f in files if (self.data / f).is_file()]
        return [digest(stream, asdict(params)), found]


def _packed(clips: ravdess.Clips) -> dict[str, NDArray[np.generic]]:
    return {
        "names": np.array(clips.names),
        **sound.packed(clips.sounds),
        "labels": clips.labels,
        "actors": clips.actors,
        "splits": clips.splits,
        "left_out": np.array(json.dumps(clips.left_out)),
    }
