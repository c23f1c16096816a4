"""Which streams a run on recordings is trained on: those that it has, or those that were chosen.

A stream that is left out is absent from every window. So the networks have places for all three
streams, and the bundle is given the masks of those that were trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.errors import ConfigError, DataError
from edge.types import STREAMS, Float
from train.stages.stream_windows import ABSENT, StreamWindows

WHAT = {"text": "words", "audio": "a second of sound", "vision": "a face"}
NOT_CHOSEN = "the key 'streams' does not name it"


@dataclass(frozen=True)
class TrainedStreams:
    """The streams of a run, in the order of `STREAMS`; and of each other one, why it is left
    out."""

    names: tuple[str, ...]
    left_out: dict[str, str]


def trained_streams(
    train: dict[str, StreamWindows], chosen: tuple[str, ...] | None, folder: Path
) -> TrainedStreams:
    """Choose the streams that can be trained.

    Args:
        train: The windows for training, by stream.
        chosen: The key `streams`; None: all that some training sample has.
        folder: Of the corpus, for messages.

    Raises:
        DataError: No stream can be trained.
        ConfigError: A chosen one cannot.
    """
    missing = {
        stream: f"no training sample has {WHAT[stream]}"
        for stream in STREAMS
        if not train[stream].clean.any()
    }
    if len(missing) == len(STREAMS):
        raise DataError(
            f"{folder}: no training sample has a face, a second of sound or words: add recordings"
            " that have one of them."
        )
    for stream in STREAMS:
        if chosen is not None and stream in chosen and stream in missing:
            raise ConfigError(
                f"{folder}: {missing[stream]}, so {stream} cannot be trained: take it out of"
                " 'streams', or add recordings that have it."
            )
    left_out = {
        stream: missing.get(stream, NOT_CHOSEN)
        for stream in STREAMS
        if stream in missing or (chosen is not None and stream not in chosen)
    }
    return TrainedStreams(tuple(s for s in STREAMS if s not in left_out), left_out)


def absent(windows: StreamWindows, typical: Float) -> StreamWindows:
    """The same windows without the stream.

    Args:
        typical: (Q,), the signals that stand for those of an absent stream.
    """
    return replace(
        windows,
        embedding=np.zeros_like(windows.embedding),
        quality=np.broadcast_to(typical, windows.quality.shape).astype(np.float32),
        target=np.zeros_like(windows.target),
        evidence=np.zeros_like(windows.evidence),
        fault=np.full(len(windows), ABSENT),
        severity=np.ones_like(windows.severity),
        share=np.ones_like(windows.share),
    )
