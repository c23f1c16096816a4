"""A source and the streams that are taken from it; it is opened again after a loss."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edge.clock import Clock
from edge.errors import EdgeError, SourceError, first_line
from edge.runtime.freed_memory import give_back
from edge.sources.base import Source, SourceReport
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Frame, Packet

FIRST_RETRY_NS = 100 * NS_PER_MS
MAX_RETRY_NS = NS_PER_S // 2
"""A device must be usable within 2 s. The first second of sound, one segment, is half of that."""


class Feed:
    """A source and the streams that are taken from it. Its other packets are ignored.

    One thread takes packets; any thread may close. A source may be anybody's: whatever it raises
    becomes a `SourceError` with its name.

    Args:
        source: The source, not yet opened.
        streams: The streams to take from it.
        lossless: True for a file, which waits for its consumer; False for a device.
        renew: Creates the source again after a loss. None for a source that cannot return.
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
        self.missing: str | None = None
        """Why a device could not be opened when the run began; None once it is there."""
        self._renew = renew
        self._past_notes: tuple[str, ...] = ()
        self._past_drops: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @property
    def can_return(self) -> bool:
        """Whether it is opened again after a loss."""
        return self._renew is not None

    def report(self) -> SourceReport:
        """The reports of the source and its predecessors, summed. Any thread.

        Raises:
            SourceError: The source gives no report.
        """
        with self._lock:
            source, past_notes, past_drops = self.source, self._past_notes, self._past_drops
        newest = _report(source)  # without the lock: it may take long
        notes = tuple(dict.fromkeys((*past_notes, *newest.notes)))
        return SourceReport(notes, past_drops + Counter(dict(newest.drops)), newest.torn)

    def close(self) -> None:
        """Close the current source and open no other. Any thread; idempotent.

        A source that cannot be closed is a note of the report, not an error.
        """
        self._closed.set()
        with self._lock:
            source = self.source
        self._close(source)

    def _close(self, source: Source) -> None:
        try:
            source.close()
        except Exception as error:
            note = f"{source.name} could not be closed: {first_line(error)}"
            with self._lock:
                self._past_notes = tuple(dict.fromkeys((*self._past_notes, note)))

    def packets(self) -> Iterator[Packet]:
        """The packets of the wanted streams until the source ends.

        Raises:
            SourceError: The source failed, or delivers something that is no packet.
        """
        try:
            for packet in self.source.packets():
                _check_packet(self.source, packet)
                if ("vision" if isinstance(packet, Frame) else "audio") in self.streams:
                    yield packet
        except EdgeError:
            raise
        except Exception as error:
            raise SourceError(f"{self.source.name} failed: {first_line(error)}") from error

    def packets_with_retry(
        self, clock: Clock, lost: Callable[[str], None], back: Callable[[], None]
    ) -> Iterator[Packet]:
        """Like `packets`, but reopens a lost or missing device, with back-off, until closed.

        `lost` (with a sentence) and `back` are called on this thread. The first sound after a
        reconnect is marked as a gap, so that it is not joined to the sound before.

        Raises:
            SourceError: A source that cannot return (a file) failed.
        """
        returned = False
        if (
            self.missing is not None
            and self._renew is not None
            and self._reopen(self._renew, clock)
        ):
            back()
        while not self._closed.is_set():
            try:
                for packet in self.packets():
                    if returned and isinstance(packet, Chunk):
                        returned, packet = False, replace(packet, gap="restart")
                    yield packet
                if self._renew is None:
                    return
                reason = f"{self.source.name} ended."
            except SourceError as failure:
                if self._closed.is_set():  # it was closed while it read
                    return
                if self._renew is None:
                    raise
                # Only the sentence: the error's traceback would keep the reader's frames alive.
                reason = str(failure)
            if self._closed.is_set():
                return
            lost(reason)
            returned = self._reopen(self._renew, clock)
            if returned:
                back()

    def _reopen(self, renew: Callable[[], Source], clock: Clock) -> bool:
        """Retry until it opens. False when it was closed meanwhile."""
        wait_ns = FIRST_RETRY_NS
        while clock.wait_until(clock.now_ns() + wait_ns, self._closed):
            self._close(self.source)
            try:
                source, past = renew(), _report(self.source)
                with self._lock:
                    self._past_notes = tuple(dict.fromkeys((*self._past_notes, *past.notes)))
                    self._past_drops = self._past_drops + Counter(dict(past.drops))
                    self.source = source
                give_back()
                source.open()
            except Exception:  # a device's library raises what it likes: the other streams go on
                wait_ns = min(2 * wait_ns, MAX_RETRY_NS)
                continue
            if self._closed.is_set():  # `close` may have run before the source had opened
                self._close(source)
                return False
            return True
        return False


def _report(source: Source) -> SourceReport:
    try:
        report: object = source.report()
    except Exception as error:
        raise SourceError(f"{source.name} gives no report: {first_line(error)}") from error
    if not isinstance(report, SourceReport):
        raise SourceError(f"{source.name} gives no report: it must return an edge.SourceReport.")
    return report


def _check_packet(source: Source, packet: object) -> None:
    """Raises: SourceError."""
    if isinstance(packet, Frame):
        bgr: object = packet.bgr
        if not isinstance(bgr, np.ndarray) or bgr.dtype != np.uint8 or bgr.shape[2:] != (3,):
            raise SourceError(
                f"{source.name} delivers a frame that is not a uint8 array of the shape"
                " (height, width, 3)."
            )
    elif not isinstance(packet, Chunk):
        raise SourceError(
            f"{source.name} delivers a {type(packet).__name__}: a packet is an edge.Frame or an"
            " edge.Chunk."
        )
