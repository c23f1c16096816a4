"""Which source feeds which streams; opening them in bounded time, and again when they went away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from edge.errors import EdgeError, SourceError
from edge.sources.base import Source
from edge.types import Chunk, Frame, Packet

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 0.5
"""Back in use within 2 s: half of that is the first second of sound, which is one segment."""


class Feed:
    """A source and the streams that are taken from it; its other packets are passed over.

    One thread takes packets; any thread may close.

    Args:
        source: What feeds, not yet open.
        streams: Which streams are taken from it.
        lossless: A file waits for its consumer; a device does not.
        renew: Makes the source anew after it was lost; None where there is nothing to come back.
    """

    def __init__(
        self,
        source: Source,
        streams: frozenset[str],
        lossless: bool,
        renew: Callable[[], Source] | None = None,
    ) -> None:
        self.source = source
        self.streams = streams
        self.lossless = lossless
        self._renew = renew
        self._past: list[Source] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @property
    def sources(self) -> list[Source]:
        """Every source that has fed so far, the present one last: each counts its own losses."""
        with self._lock:
            return [*self._past, self.source]

    def close(self) -> None:
        """Close the present source and open no other; any thread, idempotent."""
        self._closed.set()
        with self._lock:
            source = self.source
        source.close()

    def packets(self) -> Iterator[Packet]:
        """The packets of the wanted streams, until the source ends."""
        for packet in self.source.packets():
            if ("vision" if isinstance(packet, Frame) else "audio") in self.streams:
                yield packet

    def packets_with_retry(
        self, lost: Callable[[SourceError], None], back: Callable[[], None]
    ) -> Iterator[Packet]:
        """As `packets`, but a device that went away is opened again, with back-off, until closed.

        `lost` and `back` are called on this thread. The first sound after a return is marked as a
        gap, so that nobody splices it to what came before.

        Raises:
            SourceError: a source that cannot come back (a file) broke.
        """
        returned = False
        while not self._closed.is_set():
            try:
                for packet in self.packets():
                    if returned and isinstance(packet, Chunk):
                        returned, packet = False, replace(packet, gap="restart")
                    yield packet
                if self._renew is None:
                    return
                error = SourceError(f"{self.source.name} ended.")
            except SourceError as failure:
                if self._renew is None:
                    raise
                error = failure
            if self._closed.is_set():
                return
            lost(error)
            returned = self._reopen(self._renew)
            if returned:
                back()

    def _reopen(self, renew: Callable[[], Source]) -> bool:
        """Try until it opens; False when closed meanwhile."""
        wait_s = FIRST_RETRY_S
        while not self._closed.wait(wait_s):
            self.source.close()
            source = renew()
            with self._lock:
                self._past = [past for past in [*self._past, self.source] if _losses(past)]
                self.source = source
            try:
                source.open()
            except SourceError:
                wait_s = min(2 * wait_s, LONGEST_RETRY_S)
                continue
            if self._closed.is_set():  # closed while it opened: `close` may have come too early
                source.close()
                return False
            return True
        return False


def open_all(feeds: list[Feed], stop: threading.Event) -> bool:
    """Open every source side by side; False when `stop` was set meanwhile.

    A source that hangs is left to its own thread, so that a first connect can be interrupted.

    Raises:
        EdgeError: the first source that failed; the others are closed.
    """
    failures: list[EdgeError] = []
    crashes: list[BaseException] = []
    pending = threading.Semaphore(0)

    def open_one(source: Source) -> None:
        try:
            source.open()
        except EdgeError as error:
            failures.append(error)
        except BaseException as error:  # a bug: raised again below, in the caller's thread
            crashes.append(error)
        finally:
            pending.release()

    for feed in feeds:
        name = f"open {feed.source.name}"
        threading.Thread(target=open_one, args=(feed.source,), name=name, daemon=True).start()
    left = len(feeds)
    while left and not stop.is_set() and not failures and not crashes:
        left -= pending.acquire(timeout=0.05)
    if failures or crashes or stop.is_set():
        for feed in feeds:
            feed.close()
    for error in crashes:
        raise error
    if stop.is_set():  # a source that is closed while it opens complains, and rightly so
        return False
    for failure in failures:
        raise failure
    return True


def _losses(source: Source) -> bool:
    """Whether a past source has something to tell at the end; the others need not be kept."""
    return any(getattr(source, counter, None) for counter in ("drops", "lost"))
