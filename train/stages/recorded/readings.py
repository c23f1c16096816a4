"""A recording as the live windows hold it: each observation encoded by a bundle's own graphs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import DataError, RecordingError
from edge.recording import events
from edge.recording.log import read_log
from edge.types import Float, Utterance, Word
from train.cache import cached

STREAMS_OF_ITEMS = ("audio", "vision")
"""Streams whose items are in a recording; the text stream's are made of its words."""


@dataclass(frozen=True)
class Items:
    """The n readings of one stream, in order of time."""

    t_ns: NDArray[np.int64]
    quality: Float
    """(n, Q)."""
    embedding: Float
    """(n, D), zeros where there was nothing to encode."""
    encoded: NDArray[np.bool_]
    logit: Float


@dataclass(frozen=True)
class Readings:
    """One recording after its encoders. Times are those of the recording's clock."""

    begin_ns: int
    end_ns: int
    items: dict[str, Items]
    heard: list[tuple[int, list[Utterance]]]
    """What speech-to-text said: the time up to which it had heard, and the utterances it revised.
    Empty without speech-to-text."""


def readings(
    recording: Path, bundle: Bundle, networks: Networks, cache: Path, key: str
) -> Readings:
    """The readings of a recording; from the cache if they were made before.

    Args:
        bundle: Has encoders of sound and picture.
        networks: Those of the bundle.
        cache: The folder of kept arrays.
        key: Identifies the recording and the encoders.

    Raises:
        DataError: The recording is damaged or ended before its file.
        EngineError: An encoder failed.
    """
    stored = cached(cache, "readings", key, lambda: _encoded(recording, bundle, networks))
    return Readings(
        begin_ns=int(stored["span_ns"][0]),
        end_ns=int(stored["span_ns"][1]),
        items={
            stream: Items(
                *(stored[f"{stream}/{field}"] for field in ("t_ns", "quality", "embedding")),
                *(stored[f"{stream}/{field}"] for field in ("encoded", "logit")),
            )
            for stream in STREAMS_OF_ITEMS
        },
        heard=[
            (heard_ns, [_utterance(one) for one in utterances])
            for heard_ns, utterances in json.loads(str(stored["heard"]))
        ],
    )


def _encoded(recording: Path, bundle: Bundle, networks: Networks) -> dict[str, NDArray[Any]]:
    observed: dict[str, list[tuple[int, Any, Any, bool, float]]] = {
        stream: [] for stream in STREAMS_OF_ITEMS
    }
    heard: list[Any] = []
    span_ns: list[int] = []
    ended = False
    try:
        for event, tensor in read_log(recording):
            if isinstance(event, events.Observed):
                embedding, logit = None, 0.0
                if tensor is not None:
                    embedding, logit = networks.encode(event.stream, tensor)
                row = (event.t_ns, event.quality, embedding, embedding is not None, logit)
                observed[event.stream].append(row)
            elif isinstance(event, events.Read):
                said = [one.model_dump() for one in event.utterances]
                heard.append([event.heard_ns, said])
            elif isinstance(event, events.Stepped):
                begin_ns = event.end_ns if event.origin_ns is None else event.origin_ns
                span_ns = [span_ns[0] if span_ns else begin_ns, event.end_ns]
            elif isinstance(event, events.Ended):
                ended = event.cause is None
    except RecordingError as error:
        raise DataError(f"{error} Extract the corpus again.") from None
    if not ended or not span_ns:
        raise DataError(f"{recording} ended before its file: extract the corpus again.")
    arrays: dict[str, NDArray[Any]] = {
        "span_ns": np.array(span_ns, np.int64),
        "heard": np.array(json.dumps(heard)),
    }
    for stream, rows in observed.items():
        signals = len(bundle.manifest.streams[stream].quality)
        sizes = signals, bundle.manifest.fusion.embedding_size
        for field, values in _columns(rows, sizes).items():
            arrays[f"{stream}/{field}"] = values
    return arrays


def _columns(
    rows: list[tuple[int, Any, Any, bool, float]], sizes: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    count, (signals, dims) = len(rows), sizes
    nothing = np.zeros(dims, np.float32)
    return {
        "t_ns": np.array([row[0] for row in rows], np.int64),
        "quality": np.array([row[1] for row in rows], np.float32).reshape(count, signals),
        "embedding": np.array(
            [nothing if row[2] is None else row[2] for row in rows], np.float32
        ).reshape(count, dims),
        "encoded": np.array([row[3] for row in rows], bool),
        "logit": np.array([row[4] for row in rows], np.float32),
    }


def _utterance(record: dict[str, Any]) -> Utterance:
    words = tuple(Word(**word) for word in record["words"])
    return Utterance(record["index"], words, record["final"], record["heard_ns"])
