"""One engine that several threads call: items that are ready at the same time share a pass."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.clock import Clock
from edge.engines import Arrays, Engine
from edge.errors import EngineError

Outputs = dict[str, NDArray[np.float32]]


@dataclass(eq=False, slots=True)
class _Item:
    """What one thread asked for, and what came of it."""

    arrays: Arrays
    asked_ns: int
    outputs: Outputs | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.outputs is not None or self.error is not None


class Joined:
    """An engine for any number of threads, in the order in which they ask.

    It has no thread: the one that has waited longest makes the pass for all whose items it takes.
    A pass begins when every member waits, when `batch_max` items wait, or `wait_ns` after the
    longest waiting one was asked for. An engine that takes one item a pass never makes any wait:
    its passes follow each other.

    Args:
        engine: Called by one thread at a time.
        clock: Times the waits.
        wait_ns: The longest wait for others, in nanoseconds.
        batch_max: Items in one pass, at most.
    """

    def __init__(self, engine: Engine, clock: Clock, wait_ns: int, batch_max: int) -> None:
        self.spec = engine.spec
        self._engine, self._clock = engine, clock
        self._wait_ns, self._batch_max = wait_ns, batch_max
        self._waiting: deque[_Item] = deque()
        self._busy = self._ended = False
        self._members = 0
        self._changed = threading.Condition()
        self.passes = self.items = 0
        """Passes made so far, and items in them."""

    @property
    def device(self) -> str:
        """What it runs on now."""
        return self._engine.device

    @property
    def takes_batches(self) -> bool:
        """Whether the engine that serves now takes several items a pass."""
        return self._batch_max > 1 and takes_batches(self._engine)

    def add_member(self) -> None:
        """One thread more will call `run`. Any thread."""
        with self._changed:
            self._members += 1

    def remove_member(self) -> None:
        """A member calls no more; nobody waits for it. Any thread."""
        with self._changed:
            self._members -= 1
            self._clock.notify(self._changed)

    def run(self, arrays: Arrays) -> Outputs:
        """One item, with a first axis of 1. Any thread.

        Raises:
            EngineError: The pass failed with this item alone, too.
        """
        item = _Item(arrays, self._clock.now_ns())
        with self._changed:
            self._waiting.append(item)
            self._clock.notify(self._changed)
        while not item.done:
            batch = self._next(item)
            if batch:
                self._pass(batch)
        if item.error is not None:
            raise item.error
        assert item.outputs is not None
        return item.outputs

    def end(self, within_s: float) -> bool:
        """Refuse every further item. Any thread.

        Returns:
            Whether the pass that went on, if any, has ended within this time: the engine is free.
        """
        until_s = time.monotonic() + within_s
        with self._changed:
            self._ended = True
            self._clock.notify(self._changed)
            while self._busy and (left_s := until_s - time.monotonic()) > 0:
                self._changed.wait(left_s)
            return not self._busy

    def _next(self, item: _Item) -> list[_Item]:
        """The items that this thread shall pass; none once another thread has passed `item`."""
        with self._changed:
            while not item.done:
                if self._ended:
                    raise EngineError("The networks are closed.")
                first = bool(self._waiting) and self._waiting[0] is item
                if self._busy or not first:
                    self._clock.wait(self._changed, None)
                    continue
                size, until_ns = 1, item.asked_ns
                if self.takes_batches:
                    size, until_ns = self._batch_max, item.asked_ns + self._wait_ns
                enough = len(self._waiting) >= min(size, max(1, self._members))
                if not enough and self._clock.now_ns() < until_ns:
                    self._clock.wait(self._changed, until_ns)
                    continue
                self._busy = True
                return [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        return []

    def _pass(self, batch: Sequence[_Item]) -> None:
        """Pass the items, each alone where they fail together: an error reaches its own caller."""
        try:
            if len(batch) > 1:
                try:
                    self._together(batch)
                    return
                except Exception:  # anybody's engine: each item shows whether it is to blame
                    pass
            for item in batch:
                self._alone(item)
        finally:
            with self._changed:
                self._busy = False
                for item in batch:  # of a pass that was interrupted
                    if not item.done:
                        item.error = EngineError("The pass was interrupted.")
                self._clock.notify(self._changed)

    def _together(self, batch: Sequence[_Item]) -> None:
        names = batch[0].arrays
        joined = {name: np.concatenate([one.arrays[name] for one in batch]) for name in names}
        self._count(len(batch))
        outputs = self._engine.run(joined)
        if any(len(found) != len(batch) for found in outputs.values()):
            raise EngineError(f"{self.device} does not return an output for each item of a pass.")
        for place, item in enumerate(batch):
            item.outputs = {name: found[place : place + 1] for name, found in outputs.items()}

    def _alone(self, item: _Item) -> None:
        self._count(1)
        try:
            item.outputs = self._engine.run(item.arrays)
        except Exception as error:  # anybody's engine; raised in the thread that asked
            item.error = error

    def _count(self, items: int) -> None:
        self.passes += 1
        self.items += items


def takes_batches(engine: Engine) -> bool:
    """Whether the first axis of everything that the engine takes and returns may be any number.

    An engine says so by an attribute of this name; one without it takes one item a pass.
    """
    return bool(getattr(engine, "takes_batches", False))
