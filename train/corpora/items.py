"""The items of the live bundle's corpora: inputs, labels and splits, read once in a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frontends import FrontEndParams
from edge.frontends.text import is_mark, normalise
from edge.types import STREAMS
from train.cache import digest, fingerprint
from train.corpora.clips import Clips
from train.corpora.faces import Faces
from train.corpora.known import FILES, FIRST, read_clips, read_faces, read_lines
from train.corpora.labels import LABELS
from train.corpora.lines import Lines
from train.corpora.segments import SegmentExtractor


@dataclass
class Corpora:
    """Reads each corpus at its first use.

    Attributes:
        chosen: The corpora of each stream, by the names of `train.corpora.known.FILES`.
    """

    data: Path
    cache: Path
    params: FrontEndParams
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(FIRST))

    @cached_property
    def faces(self) -> tuple[Faces, NDArray[np.float32]]:
        """The faces and their key points (n, 4, 2), NaN where no face was found."""
        return read_faces(self.data, self.chosen["vision"], self.cache)

    @cached_property
    def clips(self) -> Clips:
        """The speech clips; from the cache if they were decoded before."""
        return read_clips(self.data, self.chosen["audio"], self.cache)

    @cached_property
    def lines(self) -> tuple[Lines, list[list[str]]]:
        """The lines of text, with each line's words as an ASR engine would write them."""
        loaded, written = self.written
        return loaded, [[word for word in words if not is_mark(word)] for words in written]

    @cached_property
    def loaded_lines(self) -> Lines:
        """The lines of text as they are in their files."""
        return read_lines(self.data, self.chosen["text"])

    @cached_property
    def written(self) -> tuple[Lines, list[list[str]]]:
        """The same lines with punctuation, which occurs only in written text."""
        loaded = self.loaded_lines
        return loaded, [normalise(text)[-self.params.text.words :] for text in loaded.texts]

    @cached_property
    def segment_extractor(self) -> SegmentExtractor:
        """The speech front end."""
        return SegmentExtractor(self.params.speech)

    def usable(self, stream: str, split: str, corpus: str | None = None) -> NDArray[np.int64]:
        """Indices of the items of one split that can be encoded, of all corpora or of one."""
        if stream == "vision":
            faces, points = self.faces
            some = (faces.splits == split) & ~np.isnan(points[:, 0, 0])
        elif stream == "audio":
            some = self.clips.splits == split
        else:
            loaded, words = self.lines
            said = np.array([bool(w) for w in words])
            some = (loaded.splits == split) & said & (loaded.labels >= 0)
        return np.flatnonzero(some if corpus is None else some & (self.corpus(stream) == corpus))

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

    def corpus(self, stream: str) -> NDArray[np.str_]:
        """Corpus of every item."""
        if stream == "vision":
            return self.faces[0].corpus
        return self.clips.corpus if stream == "audio" else self.lines[0].corpus

    def persons(self, stream: str) -> NDArray[np.str_]:
        """Person of every item, or the dialogue, or the item itself where nobody is named."""
        if stream == "vision":
            return self.faces[0].persons
        return self.clips.persons if stream == "audio" else np.array(self.lines[0].groups)

    def kinds(self, stream: str) -> NDArray[np.int64]:
        """A number for each pair of label and corpus, of every item."""
        number = np.unique(self.corpus(stream), return_inverse=True)[1]
        return np.asarray(self.labels(stream) + len(LABELS) * number, np.int64)

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
        params: dict[str, Any] = {
            "vision": self.params.face,
            "audio": self.params.speech,
            "text": self.params.text,
        }
        files = [self.data / FILES[stream][name] for name in self.chosen[stream]]
        found = [fingerprint(file) for file in files if file.is_file()]
        return [digest(stream, asdict(params[stream])), found]
