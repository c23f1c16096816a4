"""Items of several threads in one pass: who waits for whom, how long, and whom an error reaches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from fixtures.waiting import eventually

from edge.clock import HandClock, MonotonicClock
from edge.engines import Arrays, GraphSpec, TensorSpec
from edge.engines.joined import Joined
from edge.errors import EngineError
from edge.types import NS_PER_MS

WAIT_NS = 5 * NS_PER_MS


class Doubling:
    """Doubles what it is given. It fails for a negative number, and may be held."""

    spec = GraphSpec({"x": TensorSpec((1,), "float32")}, {"y": TensorSpec((1,), "float32")})
    device = "doubling"

    def __init__(self, takes_batches: bool = True) -> None:
        self.takes_batches = takes_batches
        self.sizes: list[int] = []
        self.inside = 0
        self.free = threading.Event()
        self.free.set()

    def warm_up(self) -> None:
        """Nothing to do."""

    def run(self, arrays: Arrays) -> dict[str, np.ndarray]:
        self.inside += 1
        assert self.inside == 1, "two passes at once"
        assert self.free.wait(30)
        self.sizes.append(len(arrays["x"]))
        self.inside -= 1
        if np.less(arrays["x"], 0).any():
            raise EngineError("negative")
        return {"y": np.multiply(arrays["x"], 2, dtype=np.float32)}

    def close(self) -> None:
        """Nothing is held."""


def item(value: float) -> Arrays:
    return {"x": np.array([value], np.float32)}


def all_at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def timed(clock: HandClock, joined: Joined, at_ms: dict[float, float]) -> dict[float, float]:
    """Ask for each value at its time; returns when its answer came, in ms."""
    done_ms: dict[float, float] = {}

    def ask(value: float, t_ms: float) -> None:
        clock.wait_until(round(t_ms * NS_PER_MS))
        found = joined.run(item(value))["y"]
        assert found.tolist() == [2 * value]
        done_ms[value] = clock.now_ns() / NS_PER_MS
        clock.remove_thread()

    for _ in at_ms:
        clock.add_thread()
        joined.add_member()
    all_at_once([partial(ask, value, t_ms) for value, t_ms in at_ms.items()])
    return done_ms


def test_items_that_come_within_the_wait_share_a_pass() -> None:
    clock, engine = HandClock(), Doubling()
    joined = Joined(engine, clock, WAIT_NS, 8)
    # The third member's item comes too late: the first one waits 5 ms, and no longer.
    done_ms = timed(clock, joined, {1.0: 10, 2.0: 13, 3.0: 40})
    assert done_ms == {1.0: 15, 2.0: 15, 3.0: 45}
    assert engine.sizes == [2, 1]
    assert (joined.passes, joined.items) == (2, 3)


def test_nobody_waits_once_every_member_has_asked() -> None:
    clock, engine = HandClock(), Doubling()
    done_ms = timed(clock, Joined(engine, clock, WAIT_NS, 8), {1.0: 10, 2.0: 11})
    assert done_ms == {1.0: 11, 2.0: 11}
    assert engine.sizes == [2]


def test_a_full_pass_waits_for_no_other_member() -> None:
    clock, engine = HandClock(), Doubling()
    done_ms = timed(clock, Joined(engine, clock, WAIT_NS, 2), {1.0: 10, 2.0: 11, 3.0: 12})
    assert done_ms == {1.0: 11, 2.0: 11, 3.0: 17}
    assert engine.sizes == [2, 1]


def test_a_member_that_leaves_is_not_waited_for() -> None:
    engine = Doubling()
    joined = Joined(engine, MonotonicClock(), 60_000 * NS_PER_MS, 8)
    joined.add_member()
    joined.add_member()
    asks = threading.Thread(target=lambda: joined.run(item(1)), daemon=True)
    asks.start()
    eventually(lambda: joined._waiting)
    joined.remove_member()
    asks.join(30)
    assert not asks.is_alive() and engine.sizes == [1]


@pytest.mark.parametrize("batches", [True, False])
def test_an_error_reaches_only_the_caller_of_the_item(batches: bool) -> None:
    engine = Doubling(batches)
    joined = Joined(engine, MonotonicClock(), 60_000 * NS_PER_MS, 8)
    told: dict[float, object] = {}

    def ask(value: float) -> None:
        try:
            told[value] = joined.run(item(value))["y"].tolist()
        except EngineError as error:
            told[value] = str(error)

    for _ in range(3):
        joined.add_member()
    all_at_once([partial(ask, value) for value in (1.0, -1.0, 3.0)])
    assert told == {1.0: [2.0], -1.0: "negative", 3.0: [6.0]}
    assert engine.sizes == ([3, 1, 1, 1] if batches else [1, 1, 1])


def test_an_engine_of_one_item_a_pass_makes_nobody_wait() -> None:
    clock, engine = HandClock(), Doubling(takes_batches=False)
    joined = Joined(engine, clock, WAIT_NS, 8)
    assert not joined.takes_batches
    assert timed(clock, joined, {1.0: 10, 2.0: 12}) == {1.0: 10, 2.0: 12}


def test_what_comes_during_a_pass_shares_the_next_one_in_turn() -> None:
    """No wait for others is asked for: a busy engine joins them by itself."""
    engine = Doubling()
    joined = Joined(engine, MonotonicClock(), 0, 8)
    engine.free.clear()
    threads = []
    for value in range(5):
        joined.add_member()
        ask = threading.Thread(target=joined.run, args=(item(value),), daemon=True)
        ask.start()
        threads.append(ask)
        eventually(lambda: engine.inside == 1)
        # The first one is passed, the others wait.
        eventually(partial(lambda waits: len(joined._waiting) == waits, value))
    engine.free.set()
    for thread in threads:
        thread.join(30)
    assert engine.sizes == [1, 4]


def test_an_engine_that_returns_too_few_outputs_is_asked_item_by_item() -> None:
    class Lossy(Doubling):
        def run(self, arrays: Arrays) -> dict[str, np.ndarray]:
            return {"y": super().run(arrays)["y"][:1]}

    engine = Lossy()
    joined = Joined(engine, MonotonicClock(), 60_000 * NS_PER_MS, 8)
    found: list[float] = []
    joined.add_member()
    joined.add_member()

    def ask(value: float) -> None:
        found.extend(joined.run(item(value))["y"].tolist())

    all_at_once([partial(ask, 1), partial(ask, 2)])
    assert sorted(found) == [2, 4] and engine.sizes == [2, 1, 1]


def test_an_engine_that_is_given_up_takes_nothing_more_and_is_told_to_be_in_use() -> None:
    engine = Doubling()
    joined = Joined(engine, MonotonicClock(), 0, 8)
    engine.free.clear()
    told: list[str] = []

    def ask() -> None:
        try:
            joined.run(item(1))
        except EngineError as error:
            told.append(str(error))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: engine.inside == 1 and len(joined._waiting) == 1)
    assert not joined.end(0.01)
    eventually(lambda: told == ["The networks are closed."])
    engine.free.set()
    for thread in threads:
        thread.join(30)
    assert joined.end(1) and len(told) == 1
