"""When the faults of a run last, and the windows of one stream at each of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from edge.frontends import QUALITY
from edge.recognition.availability import availability
from edge.recognition.reasons import explain, is_poor
from edge.recognition.window import ReadingRing, StreamWindow
from edge.types import NS_PER_S, Float, Reading

STEP_S = 0.25
WINDOW_S = 3.0
CLEAN_S, FAULT_S, AFTER_S = 2.0, 4.0, 3.0
"""Phases in order; before them the first window fills."""
ONSET_S = WINDOW_S + CLEAN_S
BURST_S, BURSTS_S = 0.5, 10.0
"""Of faults that come and go: each time, and all in all."""


@dataclass(frozen=True)
class Timeline:
    """A run: its first window fills, all is well, a fault lasts or comes and goes, and is gone.

    Attributes:
        spans: From when until when the fault lasts, in seconds from the beginning, in order.
        name: In tables.
        faulty_s: How long it lasts, or comes and goes, from the first beginning on.
    """

    spans: tuple[tuple[float, float], ...] = ((ONSET_S, ONSET_S + FAULT_S),)
    name: str = f"{FAULT_S:g} s"
    faulty_s: float = FAULT_S

    @staticmethod
    def lasting(seconds: float) -> Timeline:
        """One fault of this length."""
        return Timeline(((ONSET_S, ONSET_S + seconds),), f"{seconds:g} s", seconds)

    @staticmethod
    def intermittent(share: float) -> Timeline:
        """A fault of `BURST_S` again and again, which is there for `share` of `BURSTS_S`."""
        starts = ONSET_S + np.arange(0, BURSTS_S, BURST_S / share)
        spans = tuple((float(start), float(start) + BURST_S) for start in starts)
        often = f"{BURST_S:g} s again and again, {100 * share:.0f} % of {BURSTS_S:g} s"
        return Timeline(spans, often, BURSTS_S)

    @property
    def total_s(self) -> float:
        """The length of the run."""
        return ONSET_S + self.faulty_s + AFTER_S

    def since(self, t_s: float) -> float | None:
        """How long the fault has lasted at `t_s`; None without one."""
        return next((t_s - start for start, end in self.spans if start < t_s <= end), None)

    @cached_property
    def ends_s(self) -> NDArray[np.float64]:
        """End of each window; shape (S,)."""
        return np.arange(WINDOW_S + STEP_S, self.total_s + STEP_S / 2, STEP_S)

    @cached_property
    def during(self) -> NDArray[np.bool_]:
        """bool (S,): the steps in which the fault lasts, or comes and goes."""
        return (self.ends_s > ONSET_S) & (self.ends_s <= ONSET_S + self.faulty_s)

    @cached_property
    def before(self) -> NDArray[np.bool_]:
        """bool (S,): the steps before it."""
        return np.asarray(self.ends_s <= ONSET_S)


@dataclass(frozen=True)
class Track:
    """One stream over the S steps of a run."""

    embedding: Float
    """(S, D), pooled; zeros where the stream is not usable."""
    quality: Float
    """(S, Q), signals; NaN where nothing was measured."""
    usable: NDArray[np.bool_]
    """bool (S,): False if the stream is absent or stale."""
    windows: Sequence[StreamWindow]
    """S of them."""
    closed: Sequence[str | None]
    """S of them: why the stream is not usable, if a reason is known."""
    ring: ReadingRing | None = None
    """All readings; None for words."""


def follow(
    stream: str, readings: Sequence[Reading], ends_s: NDArray[np.float64], embedding_size: int
) -> Track:
    """Pass readings in order of time through the live ring and the live rules of availability.

    Args:
        ends_s: (S,), end of each window.
    """
    ring = ReadingRing(round(WINDOW_S * NS_PER_S), partial(is_poor, stream, QUALITY[stream]))
    windows, at = [], 0
    for end_s in ends_s:
        end_ns = round(end_s * NS_PER_S)
        while at < len(readings) and readings[at].t_ns <= end_ns:
            ring.push(readings[at])
            at += 1
        start_ns = end_ns - round(WINDOW_S * NS_PER_S)
        windows.append(ring.window(start_ns, end_ns, round(STEP_S * NS_PER_S)))
    return track(stream, windows, embedding_size, ring)


def track(
    stream: str,
    windows: Sequence[StreamWindow],
    embedding_size: int,
    ring: ReadingRing | None = None,
) -> Track:
    """The track of one stream's windows, usable by the recogniser's rules."""
    embedding = np.zeros((len(windows), embedding_size), np.float32)
    quality = np.full((len(windows), len(QUALITY[stream])), np.nan, np.float32)
    usable = np.zeros(len(windows), bool)
    closed: list[str | None] = []
    for step, window in enumerate(windows):
        signal = None
        if window.quality is not None:
            named = dict(zip(QUALITY[stream], window.quality.tolist(), strict=True))
            signal = explain(stream, named)
            judged = window.judged(signal)
            quality[step] = window.quality if judged is None else judged
        usable[step], why = availability(stream, "up", window, signal, young=False)
        closed.append(why)
        if usable[step] and window.embedding is not None:
            embedding[step] = window.embedding
    return Track(embedding, quality, usable, windows, closed, ring)
