"""Reliability of a stream by kind and severity of a fault, measured on held-out windows [R].

A face in the dark and a face with an ambiguous expression both have a TCP near chance, but only the
first stream has a fault. So the confidence target multiplies by reliability: 1 without a fault, 0
if the stream alone is no better than chance in the present condition, and linear in the mean TCP of
the stream alone between the two."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from edge.faults import CLEAN
from edge.types import MASKS, STREAMS
from train.losses import true_class_probability
from train.models.fusion import FusionModel
from train.stages.fusion import masked_logits
from train.stages.stream_windows import StreamWindows

BINS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
MIN_COUNT = 20
"""Smallest number of windows in a bin; with fewer, the value of the next milder bin is used."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Severities, increasing from 0, and the reliability at each, decreasing from 1."""


def measure_reliability(
    fusion: FusionModel, stream_windows: dict[str, StreamWindows]
) -> dict[str, Curve]:
    """A curve for each `stream.fault` in the windows of the held-out split."""
    curves: dict[str, Curve] = {}
    for stream, one in stream_windows.items():
        curves |= reliability_curves(stream, one, _tcp_alone(fusion, stream, one), fusion.outputs)
    return curves


def reliability_curves(
    stream: str, one: StreamWindows, tcp: NDArray[np.float32], labels: int
) -> dict[str, Curve]:
    """A curve for each fault of one stream.

    Args:
        tcp: shape (n,), true class probability of each window's present condition, alone.
        labels: number of labels; chance is 1 / labels.
    """
    curves: dict[str, Curve] = {}
    weight = 1.0 / np.bincount(one.label)[one.label]
    chance = 1.0 / labels
    gain = np.average(tcp[one.clean], weights=weight[one.clean]) - chance
    for fault in np.unique(one.fault[one.fault != CLEAN]):
        here = (one.fault == fault) & one.evidence
        severity, reliability = [0.0], [1.0]
        for low, high in pairwise(BINS):
            some = here & (one.severity > low) & (one.severity <= high)
            value = reliability[-1]
            if some.sum() >= MIN_COUNT and gain > 0:
                left = np.average(tcp[some], weights=weight[some]) - chance
                value = float(np.clip(left / gain, 0.0, value))
            severity.append(float(low + high) / 2)
            reliability.append(value)
        curves[f"{stream}.{fault}"] = (np.array(severity), np.array(reliability))
    return curves


def reliability_of(
    curves: dict[str, Curve], stream: str, stream_windows: StreamWindows
) -> NDArray[np.float32]:
    """Each window's reliability, shape (n,), in 0..1."""
    reliability = stream_windows.evidence.astype(np.float32)
    for fault in np.unique(stream_windows.fault[stream_windows.fault != CLEAN]):
        here = stream_windows.fault == fault
        # A very small held-out split may lack a fault that another split has.
        if (curve := curves.get(f"{stream}.{fault}")) is not None:
            reliability[here] *= np.interp(stream_windows.severity[here], *curve).astype(np.float32)
    return reliability


def _tcp_alone(
    fusion: FusionModel, stream: str, stream_windows: StreamWindows
) -> NDArray[np.float32]:
    """TCP of this stream's present condition under the mask of this stream alone."""
    embeddings = np.zeros(
        (len(stream_windows), len(STREAMS), stream_windows.target.shape[1]), np.float32
    )
    embeddings[:, STREAMS.index(stream)] = stream_windows.target
    logits = masked_logits(fusion, embeddings)[:, MASKS.index((stream,))]
    return true_class_probability(logits, torch.from_numpy(stream_windows.label)).numpy()
