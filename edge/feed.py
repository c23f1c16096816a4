"""Which source feeds which streams, and opening them all within their time limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from edge.errors import EdgeError
from edge.sources.base import Source
from edge.types import Frame, Packet


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and the streams that are taken from it; its other packets are passed over."""

    source: Source
    streams: frozenset[str]
    lossless: bool
    """A file waits for its consumer; a device does not."""

    def packets(self) -> Iterator[Packet]:
        """The packets of the wanted streams."""
        for packet in self.source.packets():
            if ("vision" if isinstance(packet, Frame) else "audio") in self.streams:
                yield packet


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
            feed.source.close()
    for error in crashes:
        raise error
    if stop.is_set():  # a source that is closed while it opens complains, and rightly so
        return False
    for failure in failures:
        raise failure
    return True
