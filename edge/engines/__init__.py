"""Inference engines: each runs one graph of a bundle, and is chosen by name.

A new engine is a module with a class of the shape of `Engine` and one line in `_ENGINES`, or a call
of `register_engine`; see docs/extend/engine.md. A module is imported when its engine is opened.

Beside a constructor, what is registered may have two functions:

    why_not(graph, options)   a sentence that says why it cannot serve here, found without loading
                              the graph; None when it can. `auto` asks it.
    build(graph, options)     compiles the graph's missing plan, which takes time. Another engine
                              serves meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import ConfigError, EdgeError, EngineError, first_line

Precision = Literal["fp32", "fp16", "int8"]
Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine is to run; it may refuse what it cannot do.

    Attributes:
        precision: Of the arithmetic.
        threads: Threads for one graph.
        device: "auto", "cpu" or "cuda"; an engine may know more.
        cache: Folder of compiled plans; None: the user's own cache folder.
        limit_s: A call that takes longer hangs: the engine is abandoned. ONNX Runtime on the
            processor, which is called directly, is made to give the call up.
    """

    precision: Precision = "fp32"
    threads: int = 1
    device: str = "auto"
    cache: Path | None = None
    limit_s: float = 2.0


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor's fixed shape, and NumPy's name of its type."""

    shape: tuple[int, ...]
    dtype: str


def shown(tensors: Mapping[str, TensorSpec]) -> str:
    """Names, shapes and types, for a message."""
    return ", ".join(f"{name} {list(t.shape)} {t.dtype}" for name, t in tensors.items())


def zeros(tensors: Mapping[str, TensorSpec]) -> dict[str, NDArray[np.generic]]:
    """An input of zeros, for a warm-up."""
    return {name: np.zeros(t.shape, t.dtype) for name, t in tensors.items()}


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """What a graph takes and returns, by name."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


class Engine(Protocol):
    """One loaded graph. Opened once, then called from one thread at a time."""

    spec: GraphSpec
    device: str
    """What it runs on, for people: "onnxruntime CPU"."""

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real call takes no longer than the others."""

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """One pass; arrays by input name, contiguous, in the graph's types.

        Raises:
            EngineError: The engine failed.
        """

    def close(self) -> None:
        """Free what it holds; may be called twice. `run` must not be called after."""


AUTO = "auto"
"""The name that stands for the best engine that can serve; see `edge.engines.choice`."""

LAST_RESORT = "onnxruntime"
"""The engine that needs no plan, no GPU and no further package."""
ON_CPU = "onnxruntime CPU"
"""Its `device` on the processor, in fp32."""

_PARTS = ("spec", "device", "warm_up", "run", "close")

EngineFactory = Callable[[Path, EngineOptions], Engine]
"""Loads a graph file. Raises `EngineError` in one sentence when it cannot."""

_ENGINES: dict[str, str | EngineFactory] = {
    "inductor": "edge.engines.inductor:InductorEngine",
    "onnxruntime": "edge.engines.onnxruntime:OnnxRuntimeEngine",
    "tensorrt": "edge.engines.tensorrt:TensorRtEngine",
}
"""By name: "module:class", imported when it is opened, or a factory."""


def register_engine(name: str, engine: str | EngineFactory) -> None:
    """Add an engine, or replace the one of that name. Call before a run is opened.

    Args:
        name: For `engine.name`.
        engine: "module:class", or anything that loads a graph when called.
    """
    _ENGINES[name] = engine


def engine_names() -> tuple[str, ...]:
    """The names of the engines; `engine.name` may also be `AUTO`."""
    return tuple(sorted(_ENGINES))


def open_engine(name: str, graph: Path, options: EngineOptions) -> Engine:
    """Load `graph` with the engine called `name`.

    Raises:
        ConfigError: There is no such engine.
        EngineError: The engine's module or package is missing, or the graph cannot be loaded.
    """
    _check_known(name)
    try:
        opened: Engine = _factory(name)(graph, options)
    except EdgeError:
        raise
    except Exception as error:  # anybody's engine
        raise EngineError(
            f"The engine {name!r} cannot load {graph.name} ({type(error).__name__}:"
            f" {first_line(error)}): correct it, or choose another."
        ) from error
    if missing := [part for part in _PARTS if not hasattr(opened, part)]:
        raise EngineError(
            f"The engine {name!r} is no engine: what it makes has no {', '.join(missing)}; see"
            " docs/extend/engine.md."
        )
    return opened


def offer_of(name: str, offer: str) -> Callable[[Path, EngineOptions], Any] | None:
    """The function `why_not`, `build` or `discard` of the engine called `name`; None: it has none.

    Raises:
        ConfigError: There is no such engine.
        EngineError: Its module cannot be imported.
    """
    _check_known(name)
    try:
        found: Callable[[Path, EngineOptions], Any] | None = getattr(_factory(name), offer, None)
    except Exception as error:  # anybody's module
        raise EngineError(
            f"The engine {name!r} cannot be imported ({first_line(error)}): correct it, or choose"
            " another."
        ) from error
    return found


def _factory(name: str) -> EngineFactory:
    engine = _ENGINES[name]
    if isinstance(engine, str):
        module, _, attribute = engine.partition(":")
        factory: EngineFactory = getattr(import_module(module), attribute)
        return factory
    return engine


def check_engine_name(name: str) -> None:
    """Check a value of `engine.name`. Raises: ConfigError, which names the engines."""
    if name != AUTO:
        _check_known(name)


def _check_known(name: str) -> None:
    if name not in _ENGINES:
        raise ConfigError(
            f"engine.name: there is no engine {name!r}; choose one of"
            f" {', '.join((AUTO, *engine_names()))}."
        )
