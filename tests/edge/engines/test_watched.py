"""A pass that never returns is an error within its limit, and leaves nothing that blocks."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fixtures.waiting import eventually

from edge.engines import Arrays, GraphSpec
from edge.engines.watched import Watched
from edge.errors import EngineError


class Hanging:
    """Returns at once until `hang` is set; then when `leave` is set."""

    def __init__(self) -> None:
        self.spec, self.device = GraphSpec({}, {}), "the engine"
        self.hangs, self.closed = False, 0
        self.entered, self.leave = threading.Event(), threading.Event()

    def warm_up(self) -> None: ...

    def run(self, arrays: Arrays) -> dict[str, Any]:
        if self.hangs:
            self.entered.set()
            self.leave.wait(60)
        return {"out": np.full(1, threading.get_ident() % 2**20, np.float32)}

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def engine() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.leave.set()


def test_passes_are_made_on_one_other_thread(engine: Hanging) -> None:
    watched = Watched(engine, 60)
    threads = {float(watched.run({})["out"][0]) for _ in range(3)}
    assert len(threads) == 1 and threads != {float(threading.get_ident() % 2**20)}
    watched.close()


def test_a_pass_that_hangs_is_an_error_and_the_engine_is_left_alone(engine: Hanging) -> None:
    watched = Watched(engine, 0.05)
    watched.run({})
    engine.hangs = True
    with pytest.raises(EngineError, match=r"has not returned from a call for 0\.05 s"):
        watched.run({})
    with pytest.raises(EngineError, match="was abandoned"):
        watched.run({})
    watched.close()
    assert watched.abandoned and not engine.closed
    engine.leave.set()  # what returns late is taken by nobody
    with pytest.raises(EngineError, match="was abandoned"):
        watched.run({})


def test_an_error_is_raised_in_the_callers_thread(engine: Hanging) -> None:
    engine.run = lambda arrays: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(ZeroDivisionError):
        Watched(engine, 60).run({})


def test_closing_closes_the_engine_once_and_ends_the_thread(engine: Hanging) -> None:
    before = set(threading.enumerate())
    watched = Watched(engine, 60)
    watched.close()
    watched.close()
    assert engine.closed == 1
    eventually(lambda: set(threading.enumerate()) <= before)


def test_an_engine_that_is_forgotten_leaves_no_thread(engine: Hanging) -> None:
    before = set(threading.enumerate())
    watched = Watched(engine, 60)
    watched.run({})
    del watched
    gc.collect()
    eventually(lambda: set(threading.enumerate()) <= before)


def test_ctrl_c_interrupts_a_pass_that_hangs(engine: Hanging) -> None:
    watched = Watched(engine, 60)
    engine.hangs = True

    def interrupt() -> None:
        engine.entered.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        watched.run({})
    with pytest.raises(EngineError, match="was abandoned"):
        watched.run({})
