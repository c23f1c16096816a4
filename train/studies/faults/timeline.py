"""Windows of one stream at each step of a run in which a fault starts, lasts and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
"""Measured phases in order; before them the first window fills."""
ONSET_S = WINDOW_S + CLEAN_S
OFFSET_S = ONSET_S + FAULT_S
TOTAL_S = OFFSET_S + AFTER_S

ENDS_S = np.arange(WINDOW_S + STEP_S, TOTAL_S + STEP_S / 2, STEP_S)
"""End of each window; shape (S,)."""
DURING = (ENDS_S > ONSET_S) & (ENDS_S <= OFFSET_S)
BEFORE = ENDS_S <= ONSET_S


@dataclass(frozen=True)
class Track:
    """One stream over the S steps of a run."""

    embedding: Float
    """(S, D), pooled; zeros where the stream is not usable."""
    quality: Float
    """(S, Q), signals; NaN where nothing was measured."""
    usable: NDArray[np.bool_]
    """bool (S,): False if the stream is absent or stale."""


def follow(stream: str, readings: Sequence[Reading], embedding_size: int) -> Track:
    """Pass readings in order of time through the live ring and the live rules of availability."""
    ring = ReadingRing(round(WINDOW_S * NS_PER_S), partial(is_poor, stream, QUALITY[stream]))
    windows, at = [], 0
    for end_s in ENDS_S:
        end_ns = round(end_s * NS_PER_S)
        while at < len(readings) and readings[at].t_ns <= end_ns:
            ring.push(readings[at])
            at += 1
        start_ns = end_ns - round(WINDOW_S * NS_PER_S)
        windows.append(ring.window(start_ns, end_ns, round(STEP_S * NS_PER_S)))
    return track(stream, windows, embedding_size)


def track(stream: str, windows: Sequence[StreamWindow], embedding_size: int) -> Track:
    """The track of one stream's windows, usable by the recogniser's rules."""
    embedding = np.zeros((len(windows), embedding_size), np.float32)
    quality = np.full((len(windows), len(QUALITY[stream])), np.nan, np.float32)
    usable = np.zeros(len(windows), bool)
    for step, window in enumerate(windows):
        signal = None
        if window.quality is not None:
            named = dict(zip(QUALITY[stream], window.quality.tolist(), strict=True))
            signal = explain(stream, named)
            judged = window.judged(signal)
            quality[step] = window.quality if judged is None else judged
        usable[step] = availability(stream, "up", window, signal, young=False)[0]
        if usable[step] and window.embedding is not None:
            embedding[step] = window.embedding
    return Track(embedding, quality, usable)
