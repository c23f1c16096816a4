"""Live emotion recognition that reports which stream it relies on, and why it drops one.

    import edge

    with edge.open(camera=0, mic="default") as run:
        for verdict in run:
            print(verdict.label, verdict.confidence, verdict.streams["vision"].reason)

`edge.open` runs devices, files and sources of your own. `edge.Session` takes pictures and sound
that you push. Everything else that is meant for import by others is in `__all__`; it is loaded when
it is first used, so that `import edge` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.engines import register_engine
    from edge.errors import ConfigError, EdgeError, SourceError
    from edge.recognition.verdict import StreamVerdict, Verdict, verdict_schema
    from edge.runtime.open import open
    from edge.runtime.run import Run
    from edge.runtime.session import Session
    from edge.sinks import Sink
    from edge.sources.base import Source, SourceReport
    from edge.types import Chunk, Frame, Word

__version__ = "0.1.0"

__all__ = [
    "Bundle",
    "Chunk",
    "ConfigError",
    "EdgeError",
    "Frame",
    "Run",
    "Session",
    "Sink",
    "Source",
    "SourceError",
    "SourceReport",
    "StreamVerdict",
    "Verdict",
    "Word",
    "__version__",
    "open",
    "register_engine",
    "verdict_schema",
]

_HOMES = {
    "Bundle": "edge.bundle",
    "Chunk": "edge.types",
    "ConfigError": "edge.errors",
    "EdgeError": "edge.errors",
    "Frame": "edge.types",
    "Run": "edge.runtime.run",
    "Session": "edge.runtime.session",
    "Sink": "edge.sinks",
    "Source": "edge.sources.base",
    "SourceError": "edge.errors",
    "SourceReport": "edge.sources.base",
    "StreamVerdict": "edge.recognition.verdict",
    "Verdict": "edge.recognition.verdict",
    "Word": "edge.types",
    "open": "edge.runtime.open",
    "register_engine": "edge.engines",
    "verdict_schema": "edge.recognition.verdict",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'edge' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
