"""Fast, slow and closed subscribers of one run."""

from __future__ import annotations

import threading
import time

import pytest
from fixtures.verdicts import verdict

from edge.sinks.broadcast import Broadcast


def test_every_subscriber_gets_every_verdict_in_order() -> None:
    broadcast = Broadcast()
    queues = [broadcast.subscribe(name, waiting=100) for name in ("one", "two")]
    for seq in range(50):
        broadcast.write(verdict(seq))
    broadcast.close()
    for queue in queues:
        assert [one.seq for one in iter(queue.get, None)] == list(range(50))
    assert not broadcast.drops


def test_a_slow_subscriber_gets_the_newest_verdict_and_losses_are_counted_by_name() -> None:
    broadcast = Broadcast()
    asleep = broadcast.subscribe("asleep", waiting=3)
    awake = broadcast.subscribe("awake", waiting=1000)
    for seq in range(1000):
        broadcast.write(verdict(seq))
    broadcast.close()
    assert [one.seq for one in iter(asleep.get, None)] == [997, 998, 999]
    assert len(list(iter(awake.get, None))) == 1000
    assert broadcast.drops == {"asleep is too slow": 997}


def test_a_step_waits_for_no_subscriber() -> None:
    broadcast = Broadcast()
    queue, one, done = broadcast.subscribe("dead"), verdict(0), threading.Event()

    def step() -> None:
        for _ in range(10_000):
            broadcast.write(one)
        done.set()

    threading.Thread(target=step, daemon=True).start()
    assert done.wait(30) and len(queue) == 16


def test_it_gives_the_newest_verdict_and_its_age() -> None:
    broadcast = Broadcast()
    assert broadcast.latest is None
    time.sleep(0.02)
    before_s = broadcast.silent_s
    assert before_s >= 0.02
    broadcast.write(verdict(7))
    assert broadcast.latest is not None and broadcast.latest.seq == 7
    assert broadcast.silent_s < before_s


def test_names_are_unique() -> None:
    broadcast = Broadcast()
    broadcast.subscribe("mqtt")
    with pytest.raises(ValueError, match="mqtt"):
        broadcast.subscribe("mqtt")


def test_after_the_end_no_subscriber_waits() -> None:
    broadcast = Broadcast()
    queue = broadcast.subscribe("late")
    broadcast.close()
    broadcast.close()
    broadcast.write(verdict(0))
    assert queue.get() is None
