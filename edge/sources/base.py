"""The interface of every source: open it, iterate its packets on your own thread, close it.

A source stamps packets and hands them over. It knows nothing of models, windows or consumers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from edge.errors import DeviceError
from edge.types import Packet

SAMPLE_RATE_HZ = 16_000
"""The rate of every `Chunk`: the rate of the speech front end and of speech-to-text."""

CHUNK_SAMPLES = 320
"""20 ms at 16 kHz: two log-mel hops of 10 ms, and short compared to a step of 250 ms."""

Pace = Literal["live", "fast"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The report of a source; complete when `packets` has ended.

    Attributes:
        notes: One sentence for each thing that a user should know.
        drops: Lost packets by "what: cause", such as "frames: backlog".
        torn: The sentence on a truncated file. The run ends with it as an error.
    """

    notes: tuple[str, ...] = ()
    drops: Mapping[str, int] = field(default_factory=dict)
    torn: str | None = None


class Source(Protocol):
    """A camera, a microphone, a file or a script. docs/extend/source.md shows how to write one.

    One thread calls `open` and then `packets`; any thread may call `close` and `report`.
    """

    name: str
    """The name that the user gave it, for messages."""
    streams: frozenset[str]
    """Which of {"audio", "vision"} it delivers. Known after `open`;
    a source that is given to `edge.open` must know it before."""

    def open(self) -> None:
        """Prepare to deliver, in bounded time. Raises `SourceError` with a one-sentence message."""

    def packets(self) -> Iterator[Packet]:
        """Yield packets in capture order; waits for each.

        Ends at the end of the stream or soon after `close`. Raises `DeviceError` when a device is
        lost.
        """

    def close(self) -> None:
        """Make `packets` (and an `open` that hangs) end within 0.5 s. Idempotent."""

    def report(self) -> SourceReport:
        """The report so far."""


def call_bounded(
    work: Callable[[], T],
    undo: Callable[[T], object],
    timeout_s: float,
    stop: threading.Event,
    failure: str,
) -> T:
    """Run `work`, a driver call that may never return, on a daemon thread, and wait in bounds.

    On a timeout, or when `stop` is set, raises `DeviceError(failure)`. If `work` succeeds later,
    `undo` is called with its result on that thread. An exception of `work` is raised here.
    """
    lock, done = threading.Lock(), threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []
    abandoned = False

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            errors.append(error)
        else:
            with lock:
                keep = not abandoned
                if keep:
                    results.append(result)
            if not keep:
                undo(result)
        done.set()

    threading.Thread(target=run, name="bounded-call", daemon=True).start()
    waited_s = 0.0
    while not done.wait(0.05) and waited_s < timeout_s and not stop.is_set():
        waited_s += 0.05
    with lock:
        abandoned = not results
    if results:
        return results[0]
    if errors:
        raise errors[0]
    raise DeviceError(failure)
