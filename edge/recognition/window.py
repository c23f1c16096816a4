"""Sliding windows: one ring of readings a stream, and the content of a window when it closes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from edge.recognition.pooling import pool
from edge.recognition.reasons import ENGINE_FAILED, NO_FACE
from edge.types import NS_PER_S, Float, Reading

MAX_RATE_HZ = 120
"""Capacity of a ring in readings a second. At a higher rate the oldest are overwritten."""


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """The content of one window for one stream.

    `embedding` (D,) pools the window's readings; None when no reading has an embedding. `quality`
    (Q,) is the mean over the readings of the newest step, so it describes the stream *now*; None
    when the window is empty. `age_ns` is the window's end minus the capture time of the newest
    reading with an embedding, `silence_ns` the same for the newest reading of any kind. `coverage`
    is the share of the window's steps that have an embedding. `detail` is the newest reading's; it
    says `engine_failed` also when another reading of the newest step could not be encoded.
    `found_quality` is `quality` over the readings with an embedding alone: of the newest step, or
    the newest one if that step has none."""

    embedding: Float | None
    quality: Float | None
    age_ns: int | None
    silence_ns: int | None
    coverage: float
    work_ns: int = 0
    detail: Mapping[str, object] = field(default_factory=dict)
    found_quality: Float | None = None

    def judged(self, signal: str | None) -> Float | None:
        """The signals by which the networks judge the stream, where `signal` is the cause that
        `quality` shows. Pictures without a face say nothing of the faces in the window: an absent
        face closes the stream by its age (`edge.recognition.availability`), not by its signals."""
        partly = signal in (None, NO_FACE) and self.found_quality is not None
        return self.found_quality if partly else self.quality


EMPTY = StreamWindow(None, None, None, None, 0.0)


class ReadingRing:
    """The newest readings of one stream in preallocated arrays. One writer, any readers."""

    def __init__(self, keep_ns: int, embedding_size: int, quality_size: int) -> None:
        # Twice the window: readings continue to arrive while an older window closes.
        capacity = max(16, 2 * keep_ns * MAX_RATE_HZ // NS_PER_S)
        self._t_ns = np.full(capacity, -(2**62), np.int64)
        self._embeddings = np.zeros((capacity, embedding_size), np.float32)
        self._has_embedding = np.zeros(capacity, bool)
        self._logits = np.zeros(capacity, np.float32)
        self._quality = np.zeros((capacity, quality_size), np.float32)
        self._readings: list[Reading | None] = [None] * capacity
        self._next = 0
        self._lock = threading.Lock()

    def push(self, reading: Reading) -> None:
        """Store a reading in place of the oldest."""
        with self._lock:
            at = self._next % len(self._readings)
            self._next += 1
            self._t_ns[at] = reading.t_ns
            self._has_embedding[at] = reading.embedding is not None
            if reading.embedding is not None:
                self._embeddings[at] = reading.embedding
            self._logits[at] = reading.logit
            self._quality[at] = reading.quality
            self._readings[at] = reading

    def window(self, start_ns: int, end_ns: int, step_ns: int) -> StreamWindow:
        """The readings captured in (start_ns, end_ns]. Later ones belong to later windows."""
        with self._lock:
            inside = np.flatnonzero((self._t_ns > start_ns) & (self._t_ns <= end_ns))
            if not inside.size:
                return EMPTY
            t_ns = self._t_ns[inside]
            newest = inside[int(t_ns.argmax())]
            last = self._readings[newest]
            assert last is not None
            recent = inside[t_ns > end_ns - step_ns]
            quality = self._quality[recent].mean(axis=0) if recent.size else last.quality
            embedded = inside[self._has_embedding[inside]]
            embedding = (
                pool(self._embeddings[embedded], self._logits[embedded]) if embedded.size else None
            )
            found = recent[self._has_embedding[recent]]
            if embedded.size and not found.size:
                found = embedded[[int(self._t_ns[embedded].argmax())]]
            found_quality = self._quality[found].mean(axis=0) if found.size else None
            steps = max(1, round((end_ns - start_ns) / step_ns))
            filled = np.unique((end_ns - self._t_ns[embedded]) // step_ns).size
            coverage = min(1.0, filled / steps)
            age_ns = end_ns - int(self._t_ns[embedded].max()) if embedded.size else None
            silence_ns = end_ns - last.t_ns
            detail = last.detail
            if any(self._failed(at) for at in recent):
                detail = {**detail, ENGINE_FAILED: True}
        return StreamWindow(
            embedding, quality, age_ns, silence_ns, coverage, last.work_ns, detail, found_quality
        )

    def readings(self, start_ns: int, end_ns: int) -> list[Reading]:
        """Those captured in (start_ns, end_ns], in the order of capture."""
        with self._lock:
            inside = np.flatnonzero((self._t_ns > start_ns) & (self._t_ns <= end_ns))
            found = [self._readings[at] for at in inside[np.argsort(self._t_ns[inside])]]
        return [reading for reading in found if reading is not None]

    def _failed(self, at: int) -> bool:
        reading = self._readings[at]
        return reading is not None and bool(reading.detail.get(ENGINE_FAILED))
