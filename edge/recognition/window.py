"""Sliding windows: one ring of readings a stream, and the content of a window when it closes."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from edge.recognition.pooling import pool
from edge.recognition.reasons import ENGINE_FAILED, NO_FACE, POOR
from edge.types import NS_PER_S, Float, Reading

MAX_RATE_HZ = 120
"""Capacity of a ring in readings a second. At a higher rate the oldest are overwritten."""


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """The content of one window for one stream.

    `embedding` (D,) pools the window's readings; None when no reading has an embedding. Poor ones
    (dark pictures) are left out where there are others. `quality` (Q,) is the mean over the
    readings of the newest step, so it describes the stream *now*; None when the window is empty.
    `age_ns` is the window's end minus the capture time of the newest reading that is pooled,
    `left_out_age_ns` the same for the newest that is left out, `silence_ns` for the newest of any
    kind. `coverage` is the share of the window's steps with a reading that is pooled. `detail` is
    the newest reading's; it says `engine_failed` also when another reading of the newest step could
    not be encoded. `found_quality` is `quality` over the readings that are pooled: of the newest
    step, or the newest of them if that step has none. `reach_ns` is the window's end minus the
    capture time of the oldest reading that has an embedding, good or poor."""

    embedding: Float | None
    quality: Float | None
    age_ns: int | None
    silence_ns: int | None
    coverage: float
    work_ns: int = 0
    detail: Mapping[str, object] = field(default_factory=dict)
    found_quality: Float | None = None
    left_out_age_ns: int | None = None
    reach_ns: int = 0

    def judged(self, signal: str | None) -> Float | None:
        """The signals by which the networks judge the stream, where `signal` is the cause that
        `quality` shows. Pictures without a face say nothing of the faces in the window: an absent
        face closes the stream by its age (`edge.recognition.availability`), not by its signals.
        Neither do poor pictures that are left out."""
        partly = self.left_out_age_ns is not None or signal in (None, NO_FACE)
        return self.found_quality if partly and self.found_quality is not None else self.quality

    def shown_cause(self, signal: str | None) -> str | None:
        """What is wrong with the newest readings of a stream that is used without them, if `signal`
        is the cause that `quality` shows."""
        return signal if self.left_out_age_ns is not None and signal in POOR else None


EMPTY = StreamWindow(None, None, None, None, 0.0)


class ReadingRing:
    """The newest readings of one stream, in the order of capture. One writer, any readers.

    Kept as a list, not as arrays: NumPy frees the GIL for work on more than 500 values, and the
    step thread may wait 0.5 ms to get it back.
    """

    def __init__(
        self, keep_ns: int, is_poor: Callable[[Float], bool] = lambda quality: False
    ) -> None:
        """`is_poor`: whether a reading with these signals (Q,) is used only where a window has no
        other."""
        # Twice the window: readings continue to arrive while an older window closes.
        self._capacity = max(16, 2 * keep_ns * MAX_RATE_HZ // NS_PER_S)
        self._t_ns: list[int] = []
        self._readings: list[Reading] = []
        self._is_poor = is_poor
        self._poor: list[bool] = []
        self._lock = threading.Lock()

    def push(self, reading: Reading) -> None:
        """Store a reading; beyond the capacity the one of the earliest capture goes."""
        with self._lock:
            at = bisect_right(self._t_ns, reading.t_ns)
            self._t_ns.insert(at, reading.t_ns)
            self._readings.insert(at, reading)
            self._poor.insert(at, self._is_poor(reading.quality))
            if len(self._t_ns) > self._capacity:
                del self._t_ns[0], self._readings[0], self._poor[0]

    def readings(self, start_ns: int, end_ns: int) -> list[Reading]:
        """Those captured in (start_ns, end_ns], in the order of capture."""
        with self._lock:
            return self._readings[self._between(start_ns, end_ns)]

    def window(self, start_ns: int, end_ns: int, step_ns: int) -> StreamWindow:
        """The readings captured in (start_ns, end_ns]. Later ones belong to later windows."""
        with self._lock:
            between = self._between(start_ns, end_ns)
            inside, poor_ones = self._readings[between], self._poor[between]
        if not inside:
            return EMPTY
        last = inside[-1]
        recent = [reading for reading in inside if reading.t_ns > end_ns - step_ns]
        good, poor = _embedded(inside, poor_ones)
        pooled, left_out = (good, poor) if good else (poor, [])
        found = [reading for reading in pooled if reading.t_ns > end_ns - step_ns] or pooled[-1:]
        quality = _mean_quality(recent) if recent else last.quality
        found_quality = None
        if found:
            same = len(found) == len(recent) and found[-1] is recent[-1]
            found_quality = quality if same else _mean_quality(found)
        filled = {(end_ns - reading.t_ns) // step_ns for reading in pooled}
        steps = max(1, round((end_ns - start_ns) / step_ns))
        detail = last.detail
        if any(reading.detail.get(ENGINE_FAILED) for reading in recent):
            detail = {**detail, ENGINE_FAILED: True}
        return StreamWindow(
            embedding=_pooled(pooled) if pooled else None,
            quality=quality,
            age_ns=end_ns - pooled[-1].t_ns if pooled else None,
            silence_ns=end_ns - last.t_ns,
            coverage=min(1.0, len(filled) / steps),
            work_ns=last.work_ns,
            detail=detail,
            found_quality=found_quality,
            left_out_age_ns=end_ns - left_out[-1].t_ns if left_out else None,
            reach_ns=max((end_ns - some[0].t_ns for some in (pooled, left_out) if some), default=0),
        )

    def _between(self, start_ns: int, end_ns: int) -> slice:
        """Where the readings captured in (start_ns, end_ns] are. The lock is held."""
        return slice(bisect_right(self._t_ns, start_ns), bisect_right(self._t_ns, end_ns))


def _embedded(readings: list[Reading], is_poor: list[bool]) -> tuple[list[Reading], list[Reading]]:
    """Those with an embedding: the good and the poor ones."""
    good: list[Reading] = []
    poor: list[Reading] = []
    for reading, of_the_poor in zip(readings, is_poor, strict=True):
        if reading.embedding is not None:
            (poor if of_the_poor else good).append(reading)
    return good, poor


def _pooled(readings: list[Reading]) -> Float:
    embeddings = np.array([reading.embedding for reading in readings], np.float32)
    return pool(embeddings, np.array([reading.logit for reading in readings], np.float32))


def _mean_quality(readings: list[Reading]) -> Float:
    if len(readings) == 1:
        return readings[0].quality
    return np.asarray(np.mean([reading.quality for reading in readings], axis=0, dtype=np.float32))
