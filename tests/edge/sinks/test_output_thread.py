"""Slow, dead and failing outputs, each on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.errors import SinkError
from edge.sinks.output_thread import OutputThread


class Gated:
    """An output that writes only through an open gate."""

    def __init__(self) -> None:
        self.gate, self.begun = threading.Event(), threading.Event()
        self.written: list[int] = []
        self.closed_by = ""

    def write(self, item: int, /) -> None:
        self.begun.set()
        assert self.gate.wait(LIMIT_S)
        self.written.append(item)

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


def _itself(output: Gated) -> Gated:
    return output


@pytest.fixture
def output() -> Iterator[Gated]:
    output = Gated()
    yield output
    output.gate.set()


def test_what_is_given_is_written_in_order_and_closed_on_the_same_thread(output: Gated) -> None:
    output.gate.set()
    apart = OutputThread[int]("file", lambda: output, grace_s=LIMIT_S)
    for item in range(200):
        apart.write(item)
    apart.close()
    apart.close()
    assert output.written == list(range(200))
    assert output.closed_by == "write file"
    assert (apart.lost, apart.abandoned) == (0, False)


def test_a_slow_output_gets_the_newest_and_every_loss_is_counted(output: Gated) -> None:
    apart = OutputThread[int]("slow", lambda: output, waiting=3, grace_s=LIMIT_S)
    apart.write(0)
    assert output.begun.wait(LIMIT_S)
    for item in range(1, 1000):
        apart.write(item)  # would never return if it waited
    output.gate.set()
    apart.close()
    assert output.written == [0, 997, 998, 999]
    assert (apart.lost, apart.abandoned) == (996, False)


def test_a_dead_output_is_abandoned_within_a_second_and_its_losses_are_counted(
    output: Gated,
) -> None:
    apart = OutputThread[int]("dead", lambda: output)
    for item in range(7):
        apart.write(item)
    with Stopwatch() as watch:
        apart.close()
    assert watch.seconds < 1
    assert (apart.lost, apart.abandoned) == (7, True)
    output.gate.set()
    eventually(lambda: output.closed_by)
    assert output.written == [0]  # after its end it is given nothing more
    assert apart.lost == 7


def test_dead_outputs_that_are_ended_together_share_the_time() -> None:
    outputs = [Gated() for _ in range(5)]
    all_apart = [
        OutputThread[int](f"dead {number}", partial(_itself, one))
        for number, one in enumerate(outputs)
    ]
    for apart in all_apart:
        apart.write(0)
    with Stopwatch() as watch:
        for apart in all_apart:
            apart.end()
        for apart in all_apart:
            apart.close()
    assert watch.seconds < 1.5
    assert all(apart.abandoned for apart in all_apart)
    for one in outputs:
        one.gate.set()


def test_what_is_slow_loses_nothing_where_the_writer_can_wait(output: Gated) -> None:
    apart = OutputThread[int]("slow", lambda: output, lossless=True, waiting=2, grace_s=0)
    given: list[int] = []

    def give() -> None:
        for item in range(50):
            apart.write(item)
            given.append(item)
        apart.close()

    giver = threading.Thread(target=give, daemon=True)
    giver.start()
    eventually(lambda: len(given) == 3)  # one is being written, two wait
    assert output.written == []
    output.gate.set()
    giver.join(LIMIT_S)
    assert output.written == list(range(50))
    assert (apart.lost, apart.abandoned) == (0, False)


@pytest.mark.parametrize("given_before_stop", [2, 50])
def test_a_stop_ends_the_wait_for_a_dead_output(output: Gated, given_before_stop: int) -> None:
    """While an item waits for room, and while the rest waits to be written."""
    stop, ended = threading.Event(), threading.Event()
    apart = OutputThread[int]("dead", lambda: output, lossless=True, stopped=stop.is_set, waiting=2)

    def give() -> None:
        for item in range(given_before_stop):
            apart.write(item)
        apart.close()
        ended.set()

    threading.Thread(target=give, daemon=True).start()
    assert output.begun.wait(LIMIT_S)
    assert not ended.is_set()
    with Stopwatch() as watch:
        stop.set()
        assert ended.wait(LIMIT_S)
    assert watch.seconds < 2
    assert (apart.lost, apart.abandoned) == (given_before_stop, True)


class Full:
    """An output whose disk is full."""

    def write(self, item: int, /) -> None:
        raise SinkError("the disk is full")

    def close(self) -> None: ...


@pytest.mark.parametrize("lossless", [False, True])
def test_a_failure_is_raised_once_to_who_writes(lossless: bool) -> None:
    apart = OutputThread[int]("full", Full, lossless=lossless, waiting=1)
    with pytest.raises(SinkError, match="the disk is full"):
        while True:
            apart.write(0)
    apart.close()


def test_a_failure_on_the_last_item_is_raised_by_close() -> None:
    apart = OutputThread[int]("full", Full, grace_s=LIMIT_S)
    apart.write(0)
    with pytest.raises(SinkError, match="the disk is full"):
        apart.close()
    apart.close()


def test_an_output_that_cannot_be_made_is_a_failure() -> None:
    def make() -> Gated:
        raise SinkError("no terminal")

    apart = OutputThread[int]("none", make, grace_s=LIMIT_S)
    with pytest.raises(SinkError, match="no terminal"):
        apart.close()
