"""Passes packets between threads: a slot that keeps the newest, and a queue with a policy.

Both count lost items by cause, so that for every channel `put == got + dropped + waiting`.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Generic, Literal, TypeVar

from edge.clock import Clock, MonotonicClock
from edge.types import NS_PER_S

T = TypeVar("T")
Policy = Literal["block", "drop_oldest"]


class _Channel(Generic[T]):
    """Common base: closing, waiting and counting. Any thread may call any method."""

    def __init__(self, clock: Clock | None) -> None:
        self._clock = clock or MonotonicClock()
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None
        self._drops: Counter[str] = Counter()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def drops(self) -> Counter[str]:
        """A copy of the count of lost items by cause."""
        with self._changed:
            return self._drops.copy()

    def __len__(self) -> int:
        return len(self._items)

    def close(self, error: BaseException | None = None) -> None:
        """Reject new items and wake all waiting threads. Waiting items can still be taken.

        After the last item, `get` raises `error` if one is given: so a failure of the producer
        reaches its consumer. Only the first call has an effect.
        """
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
                self._clock.notify(self._changed)

    def discard(self, cause: str) -> None:
        """Drop what still waits, counted as `cause`."""
        with self._changed:
            if self._items:
                self._drops[cause] += len(self._items)
                self._items.clear()
                self._clock.notify(self._changed)

    def get(self, timeout_s: float | None = None) -> T | None:
        """The next item; waits for it at most `timeout_s` (None: forever).

        Returns None on a timeout, or when the channel is closed and empty.
        """
        until_ns = self._until_ns(timeout_s)
        with self._changed:
            while True:
                if self._items:
                    item = self._items.popleft()
                    self._clock.notify(self._changed)
                    return item
                if self._closed:
                    if self._error is not None:
                        raise self._error
                    return None
                if until_ns is not None and self._clock.now_ns() >= until_ns:
                    return None
                self._clock.wait(self._changed, until_ns)

    def _until_ns(self, timeout_s: float | None) -> int | None:
        return None if timeout_s is None else self._clock.now_ns() + round(timeout_s * NS_PER_S)


class LatestSlot(_Channel[T]):
    """Holds one item: a newer one replaces it, and the old one is counted as "replaced".

    For live frames: a slow consumer gets fewer frames, never older ones.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)

    def put(self, item: T) -> bool:
        """Never waits. False if the slot is closed; the item is then counted as "closed"."""
        with self._changed:
            if self._closed:
                self._drops["closed"] += 1
                return False
            if self._items:
                self._items.clear()
                self._drops["replaced"] += 1
            self._items.append(item)
            self._clock.notify(self._changed)
            return True


class BoundedQueue(_Channel[T]):
    """First in, first out, at most `size` items.

    Args:
        size: The maximum number of waiting items.
        policy: "block" makes `put` wait for room (files: nothing is lost). "drop_oldest" drops the
            oldest item, counted as "full" (live).
        clock: Times the timeouts. None: the system's monotonic clock.
    """

    def __init__(self, size: int, policy: Policy, clock: Clock | None = None) -> None:
        super().__init__(clock)
        if size < 1:
            raise ValueError(f"a queue needs room for at least one item, not {size}")
        if policy not in ("block", "drop_oldest"):
            raise ValueError(f"unknown policy {policy!r}: use 'block' or 'drop_oldest'")
        self._size, self._policy = size, policy

    def put(self, item: T, timeout_s: float | None = None) -> bool:
        """Add an item. With "block" this waits for room at most `timeout_s` (None: forever).

        Returns False if the queue is closed (the item is counted as "closed") or on a timeout (the
        item still belongs to the caller and is not counted).
        """
        until_ns = self._until_ns(timeout_s)
        with self._changed:
            while not self._closed and len(self._items) >= self._size:
                if self._policy == "drop_oldest":
                    self._items.popleft()
                    self._drops["full"] += 1
                    continue
                if until_ns is not None and self._clock.now_ns() >= until_ns:
                    return False
                self._clock.wait(self._changed, until_ns)
            if self._closed:
                self._drops["closed"] += 1
                return False
            self._items.append(item)
            self._clock.notify(self._changed)
            return True
