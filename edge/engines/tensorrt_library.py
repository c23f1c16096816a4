"""TensorRT's module: loaded, its release, and a logger that keeps its errors for a sentence."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from edge.errors import EngineError, first_line

OLDEST = (8, 5)
MAX_ERRORS = 8


def tensorrt() -> Any:
    """TensorRT's module.

    Raises:
        EngineError: It is not installed, lacks its libraries, or is too old.
    """
    try:
        trt = import_module("tensorrt")
        release = version(trt)
    except Exception as error:  # stubs of the index raise what they like
        raise EngineError(
            "The engine tensorrt needs the package tensorrt with its libraries"
            f" ({first_line(error)}): on a Jetson it comes with JetPack, see docs/jetson.md;"
            " elsewhere pip install tensorrt."
        ) from None
    if release < OLDEST:
        raise EngineError(f"TensorRT {trt.__version__} is too old: 8.5 or newer is needed.")
    return trt


def version(trt: Any) -> tuple[int, int]:
    """Major and minor release."""
    major, minor = str(trt.__version__).split(".")[:2]
    return int(major), int(minor)


def takes_precision_from_graph(trt: Any) -> bool:
    """Whether this release has no flags of precision (11 and newer)."""
    return not hasattr(trt.BuilderFlag, "FP16")


def logger(trt: Any) -> Any:
    """A logger that keeps the errors for a sentence, in place of lines on standard error."""

    class Errors(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            bad = severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR)
            if bad and len(self.errors) < MAX_ERRORS:  # the first names the cause
                self.errors.append(message)

    return Errors()


def told(log: Any) -> str:
    """The first error that a logger kept, on one line; it keeps none of them after."""
    errors = list(log.errors)
    log.errors.clear()
    return " ".join(str(errors[0]).split())[:300] if errors else "it gives no reason"
