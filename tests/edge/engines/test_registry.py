"""Engines by name: those of others that cannot be opened are one sentence with their name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import edge
from edge import engines
from edge.engines import EngineOptions, open_engine
from edge.errors import EngineError


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(engines, "_ENGINES", dict(engines._ENGINES))


def crash(graph: Path, options: EngineOptions) -> Any:
    raise ZeroDivisionError("by nought\nand more")


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("no_such_module:X", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("edge.types:X", "AttributeError"),
        ("", "ValueError"),
        (crash, "ZeroDivisionError: by nought"),
        (5, "TypeError"),
        (lambda graph, options: object(), "has no spec, device, warm_up, run, close"),
    ],
)
def test_an_engine_that_cannot_be_opened_is_an_error_that_names_it(engine: Any, says: str) -> None:
    edge.register_engine("steam", engine)
    with pytest.raises(EngineError) as error:
        open_engine("steam", Path("audio.onnx"), EngineOptions())
    said = str(error.value)
    assert says in said and "'steam'" in said and "\n" not in said


def test_an_engines_own_sentence_is_kept() -> None:
    def refuse(graph: Path, options: EngineOptions) -> Any:
        raise EngineError("Install steam.")

    edge.register_engine("steam", refuse)
    with pytest.raises(EngineError, match=r"^Install steam\.$"):
        open_engine("steam", Path("audio.onnx"), EngineOptions())
