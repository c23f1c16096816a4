"""Training batches of the text encoder: lines as an ASR engine would transcribe them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.frontends.text import encode, is_mark
from train.cache import cached, digest
from train.config import EncoderFit
from train.corpora.items import Corpora
from train.live_config import TrainConfig
from train.stages.batches import Batch, aimed, draw_of
from train.stages.soft_targets import shared


class TextBatches:
    """Lines with deleted, substituted and inserted words; half of the lines without punctuation,
    which is not spoken. The emotions of a line with several have equal weight."""

    def __init__(self, config: TrainConfig, corpora: Corpora) -> None:
        self._config, self._corpora = config, corpora
        self._lines, self._words = corpora.written
        self._train = corpora.written_lines("train")
        params = corpora.params.text

        def make() -> dict[str, NDArray[Any]]:
            # 16 bits hold the ids of up to 65,536 buckets.
            tables = [encode(self._words[i], params) for i in self._train]
            return {"ids": np.stack(tables).astype(np.uint16)}

        key = digest("text-ids", 2, *corpora.key("text"))
        self._ids = cached(corpora.cache, "text-ids", key, make)["ids"]
        self._counts = (self._ids[:, :, 0] > 0).sum(axis=1)
        self._said = np.zeros(self._ids.shape[:2], bool)
        for place, i in enumerate(self._train):
            words = self._words[i][-params.words :]
            self._said[place, : len(words)] = [not is_mark(word) for word in words]

    def epoch(self, section: EncoderFit, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch's batches."""
        every = self._lines.every[self._train]
        labels, corpus = every.argmax(axis=1), self._lines.corpus[self._train]
        draw = draw_of(section, labels, corpus)
        drawn = draw(section.samples, rng)
        for begin in range(0, len(drawn), section.batch):
            some = drawn[begin : begin + section.batch]
            if len(some) > 1:
                ids = np.stack([self._transcribed(k, section.fault_share, rng) for k in some])
                target = shared(every[some])
                yield ids[:, None], *aimed(self._config.corpora, draw, some, target)

    def _transcribed(
        self, k: int, fault_share: float, rng: np.random.Generator
    ) -> NDArray[np.int32]:
        rows = self._ids[k, : self._counts[k]].astype(np.int32)
        if rng.random() < 0.5:
            predicted = self._said[k, : self._counts[k]]
            rows = rows[predicted] if predicted.any() else rows
        if rng.random() < fault_share:
            severity = rng.uniform(0, 0.5)
            rows = rows[rng.random(len(rows)) >= severity / 2]
            wrong = rng.random(len(rows)) < severity / 2
            for place in np.flatnonzero(wrong):
                rows[place] = self._any_word(rng)
            more = [self._any_word(rng) for _ in range(rng.binomial(len(rows) + 1, severity / 4))]
            for word in more:
                rows = np.insert(rows, rng.integers(len(rows) + 1), word, axis=0)
        out = np.zeros(self._ids.shape[1:], np.int32)
        rows = rows[-len(out) :]
        out[: len(rows)] = rows
        return out

    def _any_word(self, rng: np.random.Generator) -> NDArray[np.int32]:
        k = int(rng.integers(len(self._ids)))
        return np.asarray(self._ids[k, int(rng.integers(self._counts[k]))], np.int32)

    def validation(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Ids (n, 1, 40, 8) of validation lines with one emotion, as written, and their labels."""
        items = self._corpora.usable("text", "val")
        params = self._corpora.params.text
        ids = np.stack([encode(self._words[i], params) for i in items])
        return ids[:, None], self._lines.labels[items]
