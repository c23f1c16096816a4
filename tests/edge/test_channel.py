"""Channels between threads: losses are counted, and no thread waits for an ended one."""

from __future__ import annotations

import threading
import time

import pytest
from fixtures.waiting import LIMIT_S, Stopwatch

from edge.channel import BoundedQueue, LatestSlot
from edge.clock import HandClock
from edge.errors import DeviceError


def test_slow_consumer_sees_the_newest_and_every_loss_is_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    got: list[int] = []

    def consume() -> None:
        while (item := slot.get()) is not None:
            got.append(item)
            time.sleep(0.005)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for number in range(200):
        slot.put(number)
        time.sleep(0.0005)
    with Stopwatch() as watch:
        slot.close()
        consumer.join(LIMIT_S)
        assert not consumer.is_alive() and watch.seconds < 2
    assert got == sorted(got) and got[-1] == 199
    assert slot.drops["replaced"] > 50
    assert len(got) + slot.drops.total() == 200


@pytest.mark.parametrize("channel", [LatestSlot(), BoundedQueue(4, "block")])
def test_closing_wakes_a_waiting_consumer(channel: LatestSlot[int] | BoundedQueue[int]) -> None:
    answers: list[int | None] = []
    consumer = threading.Thread(target=lambda: answers.append(channel.get()))
    consumer.start()
    time.sleep(0.05)
    assert consumer.is_alive()
    with Stopwatch() as watch:
        channel.close()
        consumer.join(LIMIT_S)
        assert answers == [None] and watch.seconds < 0.5
    assert channel.put(1) is False
    assert channel.drops == {"closed": 1}


def test_a_waiting_item_survives_closing() -> None:
    slot: LatestSlot[str] = LatestSlot()
    slot.put("last")
    slot.close()
    assert slot.get() == "last"
    assert slot.get() is None


def test_an_error_of_the_producer_reaches_the_consumer_after_the_last_item() -> None:
    slot: LatestSlot[str] = LatestSlot()
    slot.put("last")
    slot.close(DeviceError("camera 0 was unplugged"))
    slot.close()
    assert slot.get() == "last"
    with pytest.raises(DeviceError, match="unplugged"):
        slot.get()


def test_get_gives_up_in_time() -> None:
    clock = HandClock()
    assert BoundedQueue[int](1, "block", clock).get(timeout_s=0.05) is None
    assert clock.now_ns() == 50_000_000
    with Stopwatch() as watch:
        assert BoundedQueue[int](1, "block").get(timeout_s=0.05) is None
        assert watch.seconds < 0.5


def test_files_lose_nothing_to_a_slow_consumer() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3, "block")

    def produce() -> None:
        for number in range(50):
            queue.put(number)
        queue.close()

    producer = threading.Thread(target=produce)
    producer.start()
    got = []
    while (item := queue.get()) is not None:
        got.append(item)
        time.sleep(0.001)
        assert len(queue) <= 3
    assert got == list(range(50))
    assert queue.drops.total() == 0


def test_closing_wakes_a_producer_that_waits_for_room() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1, "block")
    queue.put(1)
    answers: list[bool] = []
    producer = threading.Thread(target=lambda: answers.append(queue.put(2)))
    producer.start()
    time.sleep(0.05)
    assert producer.is_alive()
    with Stopwatch() as watch:
        queue.close()
        producer.join(LIMIT_S)
        assert answers == [False] and watch.seconds < 0.5


def test_an_item_that_finds_no_room_in_time_stays_with_the_producer() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1, "block")
    queue.put(1)
    assert queue.put(2, timeout_s=0.02) is False
    assert queue.drops.total() == 0 and queue.get() == 1


def test_live_queue_loses_the_oldest_and_counts_it() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3, "drop_oldest")
    for number in range(10):
        assert queue.put(number)
    queue.close()
    assert [queue.get() for _ in range(4)] == [7, 8, 9, None]
    assert queue.drops == {"full": 7}


@pytest.mark.parametrize(
    "make",
    [
        lambda: BoundedQueue[int](0, "block"),
        lambda: BoundedQueue[int](1, "drop_newest"),  # type: ignore[arg-type]
    ],
)
def test_an_invalid_queue_size_is_refused(make: object) -> None:
    with pytest.raises(ValueError):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("channel", [LatestSlot(), BoundedQueue(4, "block")])
def test_what_is_discarded_is_counted(channel: LatestSlot[int] | BoundedQueue[int]) -> None:
    channel.put(1)
    channel.close()
    channel.discard("the run ended")
    channel.discard("the run ended")
    assert channel.get() is None
    assert channel.drops == {"the run ended": 1}
