"""A bundle's networks, applied to the identities of the study under any of its conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.manifest import WindowSpec
from edge.bundle.networks import Fused, Networks
from edge.errors import ConfigError
from edge.frontends import FrontEndParams
from edge.recognition.fusion_input import FusionInput
from edge.recognition.window import StreamWindow
from edge.types import STREAMS, Float
from train.cache import cache_folder
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.studies.faults.policies import Seen
from train.studies.faults.simulate import Encode, Simulator
from train.studies.faults.study import Cell, Identities, Score, see
from train.studies.faults.timeline import STEP_S, WINDOW_S, Timeline

CACHE_LIMIT = 4096
"""Number of cached embeddings: the clean part of a run with a fault is that of the clean run."""


def cached_encoder(networks: Networks, stream: str) -> Encode:
    """The bundle's encoder with a cache, so that the same item is not encoded twice."""
    known: dict[bytes, tuple[Float, float]] = {}

    def encode(items: NDArray[Any]) -> tuple[Float, Float]:
        predictions = []
        for item in items:
            key = item.tobytes()
            if key not in known:
                if len(known) >= CACHE_LIMIT:
                    known.pop(next(iter(known)))
                known[key] = networks.encode(stream, item)
            predictions.append(known[key])
        embeddings, logits = zip(*predictions, strict=True)
        return np.stack(embeddings), np.array(logits, np.float32)

    return encode


class Conditions:
    """What a bundle's networks make of the study's conditions, with any timeline.

    Raises:
        ConfigError: The bundle was trained for windows of another length or step.
    """

    def __init__(self, bundle: Bundle, data: Path | None, per_class: int, seed: int) -> None:
        manifest = bundle.manifest
        check_window(manifest.window)
        self._networks = Networks(bundle)
        self._input = FusionInput(manifest)
        corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams())
        encode = {stream: cached_encoder(self._networks, stream) for stream in STREAMS}
        size = manifest.fusion.embedding_size
        self._simulator = Simulator(corpora, encode, size, manifest.window.text_s)
        self._per_class, self._seed = per_class, seed
        self._typical = {s: np.array(manifest.streams[s].typical_quality) for s in STREAMS}

    def identities(self, timeline: Timeline, split: str) -> Identities:
        """The same ones for each timeline."""
        simulator = replace(self._simulator, timeline=timeline)
        return Identities(simulator, split, self._per_class, self._seed)

    def see(self, identities: Identities, cell: Cell, score: Score | None = None) -> Seen:
        """The networks' outputs for a condition."""
        return see(
            identities, cell, self._typical, self._fuse, score or no_baselines, self._fuse_windows
        )

    def _fuse_windows(self, windows: Mapping[str, StreamWindow], used: frozenset[str]) -> Fused:
        signals = {stream: self._input.signal(stream, windows[stream]) for stream in STREAMS}
        embeddings = self._input.embeddings(windows, used)
        return self._networks.fuse(embeddings, self._input.quality(windows, signals))

    def _fuse(self, embeddings: Float, quality: Float) -> tuple[Float, Float, Float]:
        predictions = [self._networks.fuse(c, q) for c, q in zip(embeddings, quality, strict=True)]
        return (
            np.stack([a.outputs for a in predictions]),
            np.stack([a.confidence for a in predictions]),
            np.stack([a.reliability for a in predictions]),
        )


def check_window(window: WindowSpec) -> None:
    """Raises: ConfigError, if the bundle was trained for windows of another length or step."""
    if (window.duration_s, window.step_s) != (WINDOW_S, STEP_S):
        raise ConfigError(
            f"The study of faults needs a bundle for windows of {WINDOW_S:g} s every {STEP_S:g} s,"
            f" and this bundle is for {window.duration_s:g} s every {window.step_s:g} s: give"
            " another bundle."
        )


def no_baselines(embeddings: Float, quality: Float) -> dict[str, Float]:
    """No baselines: they need a run folder, in which they are trained."""
    return {}
