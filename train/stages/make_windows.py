"""Make the windows of each stream and split with the trained encoders, once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge.types import Float
from train.cache import cached, digest
from train.config import SpeechConfig
from train.corpora.items import Corpora
from train.corpora.sampling import balanced_subset
from train.corpora.splits import SplitName
from train.loop import generator
from train.stages.stream_windows import Collector, StreamWindows
from train.stages.window_makers import MAKERS, Maker, Row

log = logging.getLogger("train")

VERSIONS = {"text": 4, "audio": 6, "vision": 4}
"""Increase a stream's number when its schedules change, so that older windows are not taken from
the cache."""
HELD_OUT_FACTOR = {"audio": 2}
"""Factor on the configured windows of each held-out item; it is higher for few items."""

Encode = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Items (n, ...) to embeddings (n, D) and pooling logits (n,)."""

PARALLEL_WINDOWS = 48
"""Windows made at the same time: their items share a batch, which halves the time."""


def make_stream_windows(
    config: SpeechConfig,
    stream: str,
    split: SplitName,
    corpora: Corpora,
    encoder: Encode,
    key: str,
) -> StreamWindows:
    """All windows of one stream and split.

    Args:
        encoder: the stream's trained encoder, in eval mode.
        key: digest of its weights.
    """
    count: int = getattr(config.window_counts, split)
    if split == "held_out":
        count *= HELD_OUT_FACTOR.get(stream, 1)
    most = config.window_counts.max_items
    if split == "held_out":
        most = config.window_counts.held_out_items or most
    # min_share is about answers: the windows are the same.
    made_by = (VERSIONS[stream], config.window.model_dump(exclude={"min_share"}))
    facts = (stream, split, count, most, config.seed, *made_by, key)
    name = f"readings-{stream}-{split}"

    def make() -> dict[str, NDArray[Any]]:
        rng = generator(config.seed, "readings", stream, split)
        usable = corpora.usable(stream, split)
        kinds = corpora.kinds(stream)[usable]
        items = usable[balanced_subset(kinds, most, rng)]
        log.info("%s: %d windows of each of %d %s items", stream, count, len(items), split)
        out = Collector()
        for some in np.array_split(items, max(1, len(items) * count // PARALLEL_WINDOWS)):
            makers = [
                MAKERS[stream](
                    corpora,
                    config.window,
                    int(item),
                    number,
                    generator(config.seed, stream, split, int(item), number),
                )
                for item in some
                for number in range(count)
            ]
            for row in _run_in_parallel(makers, encoder):
                out.add(**row)
        return out.arrays()

    stored = cached(corpora.cache, name, digest(*facts, *corpora.key(stream)), make)
    return StreamWindows(**stored)


def _run_in_parallel(makers: list[Maker], encoder: Encode) -> list[Row]:
    """Run many makers at the same time, so that their items are encoded in one batch."""
    waiting: list[tuple[int, Maker, NDArray[Any]]] = []
    rows: dict[int, Row | None] = {}

    def step(number: int, maker: Maker, encoded: tuple[Float, Float] | None) -> None:
        try:
            wanted = next(maker) if encoded is None else maker.send(encoded)
        except StopIteration as end:
            rows[number] = end.value
        else:
            waiting.append((number, maker, wanted))

    for number, maker in enumerate(makers):
        step(number, maker, None)
    while waiting:
        asked, waiting = waiting, []
        with torch.inference_mode():
            items = torch.from_numpy(np.concatenate([wanted for _, _, wanted in asked]))
            embeddings, logits = (out.numpy() for out in encoder(items))
        ends = np.cumsum([len(wanted) for _, _, wanted in asked])
        for (number, maker, wanted), end in zip(asked, ends, strict=True):
            part = slice(end - len(wanted), end)
            step(number, maker, (embeddings[part], logits[part]))
    made = [rows[number] for number in sorted(rows)]
    return [row for row in made if row is not None]
