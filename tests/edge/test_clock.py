"""The manual clock with threads: time advances when all wait, and one continues at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.channel import BoundedQueue
from edge.clock import HandClock


def run_together(clock: HandClock, *works: Callable[[], None]) -> None:
    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            clock.remove_thread()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for _ in threads:
        clock.add_thread()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_single_thread_never_waits() -> None:
    clock = HandClock(5)
    assert clock.wait_until(10**15) and clock.now_ns() == 10**15
    assert clock.wait_until(3) and clock.now_ns() == 10**15


def test_threads_act_in_the_order_of_their_times() -> None:
    clock, seen = HandClock(), []

    def every(period_ns: int, name: str) -> Callable[[], None]:
        def work() -> None:
            for k in range(1, 6):
                clock.wait_until(k * period_ns)
                seen.append((clock.now_ns(), name))

        return work

    run_together(clock, every(3, "three"), every(5, "five"), every(7, "seven"))
    assert seen == sorted(seen, key=lambda pair: pair[0]) and len(seen) == 15
    assert seen[-1] == (35, "seven")


def test_queued_items_are_processed_before_time_moves() -> None:
    clock, seen = HandClock(), []
    queue: BoundedQueue[int] = BoundedQueue(10, "block", clock)

    def source() -> None:
        for k in range(50):
            clock.wait_until(k * 10)
            queue.put(k)
        queue.close()

    def consumer() -> None:
        while (item := queue.get()) is not None:
            seen.append((item, clock.now_ns()))

    run_together(clock, source, consumer)
    assert seen == [(k, k * 10) for k in range(50)]


def test_a_timeout_is_a_time_like_any_other() -> None:
    clock, seen = HandClock(), []
    queue: BoundedQueue[int] = BoundedQueue(10, "block", clock)

    def patient() -> None:
        seen.append((queue.get(timeout_s=1.0), clock.now_ns()))

    def late() -> None:
        clock.wait_until(3_000_000_000)
        seen.append((None, clock.now_ns()))

    run_together(clock, patient, late)
    assert seen == [(None, 1_000_000_000), (None, 3_000_000_000)]


def test_a_stop_ends_a_wait() -> None:
    clock, stop, seen = HandClock(), threading.Event(), []
    clock.add_thread()  # one that never waits, so that time stands still

    def waits() -> None:
        seen.append(clock.wait_until(10, stop))

    threading.Timer(0.05, stop.set).start()
    run_together(clock, waits)
    assert seen == [False] and clock.now_ns() == 0


def test_wall_time_follows() -> None:
    clock = HandClock(100)
    clock.set_wall(1_000)
    clock.advance_to(150)
    assert clock.wall_ns() == 1_050
