"""A feed whose device disappears repeatedly."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from edge.clock import HandClock
from edge.errors import DeviceError
from edge.runtime.feed import Feed
from edge.sources.base import SourceReport
from edge.types import NS_PER_S, Frame

RECONNECTS = 500


class Camera:
    """Delivers two pictures and fails; its error refers to the pictures, as a reader's does."""

    streams = frozenset({"vision"})
    alive: ClassVar[weakref.WeakSet[Camera]] = weakref.WeakSet()

    def __init__(self, clock: HandClock) -> None:
        self.name, self.clock = "camera", clock
        self.pictures = np.zeros((2, 100, 100, 3), np.uint8)
        Camera.alive.add(self)

    def open(self) -> None: ...

    def packets(self) -> Iterator[Frame]:
        for k, picture in enumerate(self.pictures):
            yield Frame(self.clock.now_ns(), picture, k)
        raise DeviceError("The camera went away.")

    def close(self) -> None: ...

    def report(self) -> SourceReport:
        return SourceReport(notes=("it was shaky",), drops={"frames: damaged": 1})


def test_a_camera_that_reconnects_repeatedly_leaks_nothing() -> None:
    clock = HandClock()
    feed = Feed(Camera(clock), Camera.streams, lossless=False, renew=lambda: Camera(clock))
    lost: list[str] = []
    back: list[int] = []
    packets = feed.packets_with_retry(clock, lost.append, lambda: back.append(clock.now_ns()))
    for _ in range(2 * RECONNECTS):
        next(packets)
    gc.collect()
    assert len(Camera.alive) <= 2
    assert len(lost) == len(back) == RECONNECTS - 1
    assert set(lost) == {"The camera went away."}
    # What each of them lost is summed up.
    assert feed.report().drops["frames: damaged"] == RECONNECTS
    assert feed.report().notes == ("it was shaky",)
    # It is back within a tenth of a second each time.
    assert clock.now_ns() <= RECONNECTS * NS_PER_S // 10
    feed.close()
