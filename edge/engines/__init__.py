"""Inference engines: each runs one graph of a bundle. Chosen by name from `ENGINES`.

An engine is opened once and called from one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.errors import ConfigError

Arrays = Mapping[str, NDArray[np.generic]]


class Engine(Protocol):
    """One loaded graph."""

    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    """Name and fixed shape of each tensor."""

    dtypes: dict[str, str]
    """NumPy's name of each input's type."""
    metadata: dict[str, str]
    """What the exporter wrote into the graph: `labels` of the fusion, as JSON."""

    device: str
    """What it runs on, for people: "onnxruntime CPU"."""

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """One pass; arrays by input name, contiguous, in the graph's dtypes."""


ENGINES: dict[str, Callable[[Path, int], Engine]] = {
    "onnxruntime": OnnxRuntimeEngine,
}


def open_engine(name: str, graph: Path, threads: int) -> Engine:
    """Load `graph` with the engine called `name`.

    Raises:
        ConfigError: no such engine.
        EngineError: the graph cannot be loaded.
    """
    if name not in ENGINES:
        raise ConfigError(f"engine.name is {name!r}; there is {', '.join(sorted(ENGINES))}.")
    return ENGINES[name](graph, threads)
