"""A feed whose device disappears repeatedly."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest
from fixtures.waiting import LIMIT_S, eventually

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


@pytest.fixture
def frozen() -> Iterator[None]:
    """What is older is frozen, as in a live run: else each reconnect looks through all that the
    tests of this process have imported, for up to a second."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
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


def test_whatever_a_library_raises_when_a_device_is_opened_again_it_is_tried_again() -> None:
    moods: list[Exception] = [RuntimeError("no"), UnicodeDecodeError("utf-8", b"\xfc", 0, 1, "bad")]

    class Moody(Camera):
        opened = 0

        def open(self) -> None:
            Moody.opened += 1
            if moods:
                raise moods.pop()

    clock = HandClock()
    feed = Feed(Camera(clock), Camera.streams, lossless=False, renew=lambda: Moody(clock))
    back: list[int] = []
    packets = feed.packets_with_retry(clock, lambda reason: None, lambda: back.append(1))
    pictures = [next(packets) for _ in range(4)]
    assert len(pictures) == 4 and back == [1] and Moody.opened == 3
    feed.close()


def test_a_report_that_takes_long_keeps_no_one_from_closing() -> None:
    asked, answer = threading.Event(), threading.Event()

    class Slow(Camera):
        def report(self) -> SourceReport:
            asked.set()
            answer.wait(LIMIT_S)
            return SourceReport()

    feed = Feed(Slow(HandClock()), Camera.streams, lossless=False)
    asking = threading.Thread(target=feed.report)
    asking.start()
    asked.wait(LIMIT_S)
    closing = threading.Thread(target=feed.close)
    closing.start()
    eventually(lambda: not closing.is_alive(), LIMIT_S / 2)
    answer.set()
    asking.join()
