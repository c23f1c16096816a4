"""From the windows of a step to what the fusion graph takes, and what is measured in them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from edge.bundle.manifest import Manifest
from edge.recognition.reasons import explain
from edge.recognition.window import StreamWindow
from edge.types import STREAMS, Float

NO_SHIFTS: Mapping[str, Float] = MappingProxyType({})
"""By stream: nobody's embeddings are corrected."""


class FusionInput:
    """Of one bundle. It has no state."""

    def __init__(self, manifest: Manifest, shifts: Mapping[str, Float] = NO_SHIFTS) -> None:
        """`shifts`: what is subtracted from each pooled embedding (D,) of a stream. Before pooling
        it would be the same: a weighted mean moves with its items."""
        self._shifts = dict(shifts)
        self._names, self._streams = manifest.names, manifest.streams
        self._no_embedding = np.zeros(manifest.fusion.embedding_size, np.float32)

    def signal(self, name: str, window: StreamWindow) -> str | None:
        """The cause that the measured signals of a stream show, if any."""
        if window.quality is None:
            return None
        names = self._streams[name].quality
        return explain(name, dict(zip(names, window.quality.tolist(), strict=True)))

    def embeddings(self, windows: Mapping[str, StreamWindow], usable: frozenset[str]) -> Float:
        """Float32 (3, D), zeros for a stream that is not usable."""
        return np.stack([self._embedding(name, windows[name], usable) for name in STREAMS])

    def _embedding(self, name: str, window: StreamWindow, usable: frozenset[str]) -> Float:
        if name not in usable or window.embedding is None:
            return self._no_embedding
        shift = self._shifts.get(name)
        return window.embedding if shift is None else window.embedding - shift

    def quality(
        self, windows: Mapping[str, StreamWindow], signals: Mapping[str, str | None]
    ) -> Float:
        """Float32 (Q,), the signals of the bundle's streams; typical ones where there are none.

        Args:
            signals: By stream, the cause that its signals show (`signal`).
        """
        parts: list[Any] = []
        for name in self._names:
            quality = windows[name].judged(signals[name])
            parts.append(self._streams[name].typical_quality if quality is None else quality)
        return np.concatenate(parts).astype(np.float32)
