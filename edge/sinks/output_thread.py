"""An output on a thread of its own: a slow or dead one stops neither recognition nor its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from edge.channel import BoundedQueue

WAITING = 256
"""Queue size of one output: a minute at four steps a second. A pause of a disk loses nothing."""
GRACE_S = 0.75
"""What waits when a run ends is written in this time, or is lost. A healthy output needs a few ms;
Ctrl-C must end a run within two seconds."""
LOOK_S = 0.05
"""How often a wait looks whether the run was stopped."""

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Writer(Protocol[T_contra]):
    """What `edge.Sink` is for verdicts."""

    def write(self, item: T_contra, /) -> None:
        """Take one item."""

    def close(self) -> None:
        """Finish."""


class OutputThread(Generic[T]):
    """Writes in order, on a daemon thread, what it is given; keeps at most `waiting` items.

    One thread calls `write` and `close`. A failure of the output is raised there once, by the next
    of these calls.

    Args:
        name: Names the output to people.
        make: Makes the output, on its thread, which alone uses and closes it.
        lossless: Wait for room, until the run is stopped. Otherwise the oldest items are dropped.
        stopped: Whether the run was stopped.
        waiting: Queue size.
        grace_s: How long `close` waits for an output that loses items, or once the run is stopped.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Writer[T]],
        lossless: bool = False,
        stopped: Callable[[], bool] = lambda: False,
        waiting: int = WAITING,
        grace_s: float = GRACE_S,
    ) -> None:
        self.name = name
        self.abandoned = False
        """Whether it hung at its end: its thread then ends with the process."""
        self.failed = False
        """Whether it raised an error."""
        self._lossless, self._stopped, self._grace_s = lossless, stopped, grace_s
        # On the machine's own clock: an output is not part of a run's time.
        self._queue = BoundedQueue[T](waiting, "block" if lossless else "drop_oldest")
        self._given = self._written = 0
        self._ended_s: float | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        target = self._write_all
        self._thread = threading.Thread(
            target=target, args=(make,), name=f"write {name}", daemon=True
        )
        self._thread.start()

    @property
    def lost(self) -> int:
        """Items given and not written: too slow an output, or one that hung. Final after `close`.
        An item that it hung on counts as lost."""
        with self._lock:
            return self._given - self._written

    def write(self, item: T) -> None:
        """Hand over one item. Waits only if `lossless`."""
        self._raise_failure()
        with self._lock:
            self._given += 1
        if self._lossless:
            while not self._queue.put(item, 0 if self._stopped() else LOOK_S):
                if self._queue.closed or self._stopped():
                    break
        else:
            self._queue.put(item)
        self._raise_failure()

    def end(self) -> None:
        """Take no more, and do not wait. To end several outputs at once, call it before `close`."""
        if self._ended_s is None:
            self._ended_s = time.monotonic()
            self._queue.close()

    def close(self) -> None:
        """Wait until all is written; abandon an output that hangs. Idempotent."""
        self.end()
        assert self._ended_s is not None
        while self._thread.is_alive() and not self.abandoned:
            self._thread.join(LOOK_S)
            if self._lossless and not self._stopped():
                self._ended_s = time.monotonic()
            elif time.monotonic() - self._ended_s > self._grace_s:
                self._abandon()
        self._raise_failure()

    def _abandon(self) -> None:
        with self._lock:
            self.abandoned = self._thread.is_alive()
        self._queue.discard("abandoned")

    def _raise_failure(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _write_all(self, make: Callable[[], Writer[T]]) -> None:
        try:
            writer = make()
            try:
                for item in iter(self._queue.get, None):
                    writer.write(item)
                    with self._lock:
                        self._written += not self.abandoned
            finally:
                writer.close()
        except BaseException as error:  # raised on the thread that writes to it
            self._error, self.failed = error, True
        finally:
            self._queue.close()
