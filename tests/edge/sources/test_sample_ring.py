"""The ring between callback and reader: complete blocks in order, and a count of losses."""

from __future__ import annotations

import threading
import time

import numpy as np

from edge.sources.sample_ring import Block, SampleRing
from edge.types import Float


def block(start: int, count: int = 4) -> Float:
    return np.arange(start, start + count, dtype=np.float32)[:, None]


def test_blocks_are_unchanged_across_the_end_of_the_ring() -> None:
    ring = SampleRing(10, 1)
    for start in range(0, 400, 4):
        ring.write(block(start), start, None, False)
        out = ring.read(0)
        assert out is not None and out.now_ns == start and out.lost == 0
        np.testing.assert_array_equal(out.samples, block(start))


def test_lost_samples_are_counted_on_the_block_after_the_gap() -> None:
    ring = SampleRing(10, 1)
    for start in (0, 4, 8, 12):
        ring.write(block(start), start, None, overflow=start == 8)
    assert [(out.now_ns, out.lost) for out in (ring.read(0), ring.read(0)) if out] == [
        (0, 0),
        (4, 0),
    ]
    assert ring.read(0) is None
    ring.write(block(16), 16, None, False)
    out = ring.read(0)
    assert out is not None and (out.now_ns, out.lost, out.overflow) == (16, 8, True)


def test_a_block_read_is_not_changed_by_later_writing() -> None:
    ring = SampleRing(4, 1)
    ring.write(block(0), 0, None, False)
    out = ring.read(0)
    ring.write(block(100), 1, None, False)
    assert out is not None
    np.testing.assert_array_equal(out.samples, block(0))


def test_a_writer_and_a_slow_reader_lose_nothing_without_a_count() -> None:
    ring = SampleRing(64, 1)
    total = 4000

    def write() -> None:
        for start in range(0, total, 8):
            ring.write(block(start, 8), 0, None, False)
            if start % 160 == 0:
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    got: list[Block] = []
    while (out := ring.read(0.2)) is not None:
        got.append(out)
    writer.join()
    ring.write(block(total, 8), 0, None, False)
    tail = ring.read(0)
    assert tail is not None
    got.append(tail)
    assert sum(len(out.samples) + out.lost for out in got) == total + 8
    expected = 0
    for out in got:
        expected += out.lost
        np.testing.assert_array_equal(out.samples[:, 0], np.arange(expected, expected + 8))
        expected += 8


def test_a_waiting_reader_is_woken() -> None:
    ring = SampleRing(8, 1)
    threading.Timer(0.05, ring.wake).start()
    start = time.monotonic()
    assert ring.read(5) is None
    assert time.monotonic() - start < 1
