"""What every source offers: open it, take its packets on a thread of your own, close it.

A source stamps and hands over; it knows nothing of models, windows or of who listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from edge.errors import DeviceError
from edge.types import Packet

SAMPLE_RATE_HZ = 16_000
"""The rate of every `Chunk`: what the speech front end and the recognisers take."""

CHUNK_SAMPLES = 320
"""20 ms at 16 kHz: a whole number of 10 ms log-mel hops, and little against a step of 250 ms."""

Pace = Literal["live", "fast"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a source has to report, complete when `packets` has ended.

    Attributes:
        notes: One sentence for each thing a user should know.
        drops: Lost packets by "what: cause", such as "frames: backlog".
        torn: The sentence on a file that stops before its end; the run ends with it as an error.
    """

    notes: tuple[str, ...] = ()
    drops: Mapping[str, int] = field(default_factory=dict)
    torn: str | None = None


class Source(Protocol):
    """A camera, a microphone, a file, a script; docs/extend/source.md shows how to write one.

    One thread calls `open` and then `packets`; any thread may call `close` and `report`.
    """

    name: str
    """What the user called it, for messages."""
    streams: frozenset[str]
    """Which of {"audio", "vision"} it delivers; known after `open`."""

    def open(self) -> None:
        """Get ready to deliver, in bounded time; raises `SourceError` with one sentence."""

    def packets(self) -> Iterator[Packet]:
        """Packets in capture order; waits for each.

        Ends at the end of the stream or soon after `close`; raises `DeviceError` when a device goes
        away.
        """

    def close(self) -> None:
        """Idempotent; makes `packets` (and an `open` that hangs) end within 0.5 s."""

    def report(self) -> SourceReport:
        """What there is to report so far."""


def call_bounded(
    work: Callable[[], T],
    undo: Callable[[T], object],
    timeout_s: float,
    stop: threading.Event,
    failure: str,
) -> T:
    """Run `work`, which a driver may never return from, on a daemon thread; wait for it in bounds.

    When the time is over, or `stop` is set, raises `DeviceError(failure)`; should `work` succeed
    after all, `undo` gets its result on that thread. What `work` raises is raised here.
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
