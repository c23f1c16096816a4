"""When an engine fails, the next one takes over between two passes; the last is tried again."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from fixtures.waiting import eventually

from edge.engines import Arrays, Engine, GraphSpec
from edge.engines.fallback import Fallback
from edge.errors import EngineError

ONE = np.ones(1, np.float32)


class Made:
    """Gives its number, or raises or returns what it is told."""

    def __init__(self, number: int, gives: Any = None) -> None:
        self.spec, self.device = GraphSpec({}, {}), f"engine {number}"
        self.number, self.gives, self.closed = number, gives, False

    def warm_up(self) -> None: ...

    def run(self, arrays: Arrays) -> dict[str, Any]:
        if isinstance(self.gives, BaseException):
            raise self.gives
        return {"out": ONE * self.number if self.gives is None else self.gives}

    def close(self) -> None:
        self.closed = True


def number(engine: Engine) -> float:
    return float(engine.run({})["out"][0])


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (ONE * np.nan, "engine 1 gives values for out of vision that are not finite"),
        (ONE * np.inf, "not finite"),
        (EngineError("The GPU is gone."), r"^The GPU is gone\.$"),
        (MemoryError(), "engine 1 failed \\(MemoryError"),
        (RuntimeError("CUDA error\nat line 5"), "CUDA error"),
    ],
)
def test_a_pass_that_fails_raises_and_the_next_one_runs_on_the_next_engine(
    gives: Any, says: str
) -> None:
    said: list[str] = []
    first, second = Made(1, gives), Made(2)
    graph = Fallback("vision", first, [lambda: second], said.append)
    with pytest.raises(EngineError, match=says):
        graph.run({})
    assert [number(graph), number(graph)] == [2, 2]
    assert first.closed and graph.device == "engine 2"
    assert len(said) == 2 and not any("\n" in one for one in said)
    assert "the next engine takes over" in said[0] and said[1].endswith("runs on engine 2.")
    graph.close()
    assert second.closed


def test_the_last_engine_is_tried_again_with_the_next_pass() -> None:
    said: list[str] = []
    engine = Made(1, ONE * np.nan)
    graph = Fallback("audio", engine, (), said.append)
    for _ in range(3):
        with pytest.raises(EngineError):
            graph.run({})
    engine.gives = None
    assert number(graph) == 1
    assert all("it is tried again" in one for one in said)


def test_an_engine_that_cannot_be_opened_is_passed_over() -> None:
    def broken() -> Engine:
        raise EngineError("No such GPU.")

    said: list[str] = []
    graph = Fallback("text", Made(1, OSError("gone")), [broken, lambda: Made(3)], said.append)
    with pytest.raises(EngineError):
        graph.run({})
    assert number(graph) == 3
    assert "The graph text has one engine less: No such GPU." in said


def test_when_none_can_be_opened_the_one_that_failed_is_tried_again() -> None:
    def broken() -> Engine:
        raise EngineError("No such GPU.")

    engine = Made(1, OSError("gone"))
    graph = Fallback("text", engine, [broken])
    with pytest.raises(EngineError):
        graph.run({})
    engine.gives = None
    assert number(graph) == 1


def test_a_stream_does_not_wait_for_an_engine_that_opens_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.engines.fallback.OPENING_S", 0.0)
    open_now = threading.Event()

    def slow() -> Engine:
        open_now.wait(60)
        return Made(2)

    said: list[str] = []
    graph = Fallback("vision", Made(1, OSError("gone")), [slow], said.append)
    for _ in range(3):
        with pytest.raises(EngineError):
            graph.run({})
    assert len(said) == 1  # the pass that failed, not those that found no engine
    open_now.set()
    eventually(lambda: not graph._opening)
    assert number(graph) == 2


def test_an_engine_that_opens_after_the_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.engines.fallback.OPENING_S", 0.0)
    open_now, late = threading.Event(), Made(2)

    def slow() -> Engine:
        open_now.wait(60)
        return late

    first = Made(1, OSError("gone"))
    graph = Fallback("vision", first, [slow])
    with pytest.raises(EngineError):
        graph.run({})
    graph.close()
    open_now.set()
    eventually(lambda: late.closed)
    assert first.closed


def test_an_offered_engine_takes_over_between_two_passes() -> None:
    first, second, third = Made(1), Made(2), Made(3)
    graph = Fallback("fusion", first)
    assert number(graph) == 1
    graph.offer(second)
    graph.offer(third)
    assert second.closed and not first.closed  # it was replaced before its first pass
    assert number(graph) == 3 and first.closed


def test_a_ctrl_c_is_not_taken_for_a_failure() -> None:
    graph = Fallback("fusion", Made(1, KeyboardInterrupt()), [lambda: Made(2)])
    with pytest.raises(KeyboardInterrupt):
        graph.run({})
    assert graph.device == "engine 1"
