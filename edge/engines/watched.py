"""A call that may never return, made on a thread of its own and waited for in bounds."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.engines import Arrays, Engine
from edge.errors import EngineError

SLICE_S = 0.1
T = TypeVar("T")
Done = tuple[Any, BaseException | None]
"""What a call returned, or raised."""


class Watched:
    """An engine whose passes are made on its own daemon thread.

    A pass that takes longer than the limit raises. The engine is then abandoned: its thread may
    never end, so nothing calls or closes the engine again. The caller's thread can be interrupted
    while it waits.
    """

    def __init__(self, engine: Engine, limit_s: float) -> None:
        self.spec = engine.spec
        self.device = engine.device
        self.takes_batches = bool(getattr(engine, "takes_batches", False))
        self.limit_s = limit_s
        self.abandoned = False
        """A pass took too long."""
        self._engine = engine
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._results: SimpleQueue[Done] = SimpleQueue()
        self._closed = False
        self._end = weakref.finalize(self, self._calls.put, None)
        threading.Thread(
            target=_serve, args=(self._calls, self._results), name="engine", daemon=True
        ).start()

    def warm_up(self) -> None:
        """As the engine's own, within the limit."""
        self._within(self._engine.warm_up)

    def run(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """As the engine's own.

        Raises:
            EngineError: It did not return in time, now or earlier.
        """
        outputs: dict[str, NDArray[np.float32]] = self._within(lambda: self._engine.run(arrays))
        return outputs

    def close(self) -> None:
        """Close the engine and end its thread; an abandoned one is left as it is."""
        try:
            if not self._closed and not self.abandoned:
                self._closed = True
                self._within(self._engine.close)
        except EngineError:
            if not self.abandoned:
                raise
        finally:
            self._end()

    def release(self) -> Engine:
        """The engine itself, to be called directly from now on. Ends the thread."""
        self._end()
        return self._engine

    def _within(self, call: Callable[[], T]) -> T:
        if self.abandoned:
            raise EngineError(f"{self.device} was abandoned: it did not return from a call.")
        self._calls.put(call)
        try:
            result, error = self._wait()
        except Empty:
            self.abandoned = True
            raise EngineError(
                f"{self.device} has not returned from a call for {self.limit_s:g} s and was"
                " abandoned: set a longer engine.limit_s, or choose another engine."
            ) from None
        except BaseException:  # interrupted: a late result must not be taken for the next one's
            self.abandoned = True
            raise
        if error is not None:
            raise error
        value: T = result
        return value

    def _wait(self) -> Done:
        """The result. In slices: Python does not see a Ctrl-C that comes just before a wait."""
        end_s = time.monotonic() + self.limit_s
        while True:
            left_s = end_s - time.monotonic()
            try:
                return self._results.get(timeout=max(0.0, min(left_s, SLICE_S)))
            except Empty:
                if left_s <= SLICE_S:
                    raise


def _serve(calls: SimpleQueue[Callable[[], Any] | None], results: SimpleQueue[Done]) -> None:
    """The engine's thread. It refers to no engine between calls, so that one can be freed."""
    while (call := calls.get()) is not None:
        try:
            results.put((call(), None))
        except BaseException as error:  # raised again in the caller's thread
            results.put((None, error))
        del call
