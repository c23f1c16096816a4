"""A scripted source is deterministic and has the interface of every source."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fixtures.timecode import number_in, picture_of
from numpy.typing import NDArray

from edge.clock import HandClock, MonotonicClock
from edge.errors import ConfigError
from edge.sources.base import Pace
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, Chunk, Float, Frame, Packet


def pictures(index: int) -> NDArray[np.uint8]:
    return picture_of(index)


def ramp(first: int, count: int) -> Float:
    return np.arange(first, first + count, dtype=np.float32) / 1e6


def packets_of(source: ScriptedSource) -> list[Packet]:
    source.open()
    return list(source.packets())


def test_pictures_and_sound_come_by_time_and_nothing_is_missing() -> None:
    source = ScriptedSource(pictures, ramp, 30, 1.01, HandClock(777))
    packets = packets_of(source)
    assert source.streams == {"audio", "vision"} and source.start_ns == 0
    times = [packet.t_ns for packet in packets]
    assert times == sorted(times)
    frames = [packet for packet in packets if isinstance(packet, Frame)]
    assert [number_in(frame.bgr) for frame in frames] == list(range(30))
    assert frames[29].t_ns == round(29 * NS_PER_S / 30)
    chunks = [packet for packet in packets if isinstance(packet, Chunk)]
    np.testing.assert_array_equal(
        np.concatenate([chunk.samples for chunk in chunks]), ramp(0, 16_160)
    )
    assert {len(chunk.samples) for chunk in chunks[:-1]} == {320} and len(chunks[-1].samples) == 160


def test_two_runs_are_the_same() -> None:
    first, second = (packets_of(ScriptedSource(pictures, ramp, 12, 0.5, HandClock())) for _ in "ab")
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        assert one.t_ns == other.t_ns and type(one) is type(other)


def test_a_script_without_sound_has_no_sound() -> None:
    source = ScriptedSource(pictures, None, 10, 0.5, HandClock())
    assert source.streams == {"vision"}
    assert [type(packet) for packet in packets_of(source)] == [Frame] * 5


def test_live_starts_now_and_moves_the_clock_no_further_than_the_script() -> None:
    clock = HandClock(3 * NS_PER_S)
    source = ScriptedSource(None, ramp, 30, 2.0, clock, pace="live")
    packets = packets_of(source)
    assert source.start_ns == packets[0].t_ns == 3 * NS_PER_S
    assert clock.now_ns() == 5 * NS_PER_S


@pytest.mark.parametrize("pace", ["live", "fast"])
def test_closing_ends_it(pace: Pace) -> None:
    source = ScriptedSource(pictures, ramp, 30, 60, MonotonicClock(), pace=pace)
    source.open()
    start = time.monotonic()
    for number, _ in enumerate(source.packets()):
        if number == 5:
            source.close()
    assert number == 5 and time.monotonic() - start < 0.5


def test_a_script_without_length_is_refused() -> None:
    with pytest.raises(ConfigError, match="duration_s"):
        ScriptedSource(pictures, None, 30, 0, HandClock())


def test_live_pictures_that_are_drawn_too_late_are_skipped() -> None:
    clock, ages_ms = HandClock(), []

    def slow(index: int) -> NDArray[np.uint8]:
        clock.advance_to(clock.now_ns() + NS_PER_S // 10)  # 100 ms for what is due every 40 ms
        return picture_of(index)

    source = ScriptedSource(slow, None, 25, 4, clock, pace="live")
    for frame in source.packets():
        ages_ms.append((clock.now_ns() - frame.t_ns) / 1e6)
    assert len(ages_ms) >= 33  # one in three
    assert max(ages_ms) <= 140  # drawn for 100 ms, begun less than 40 ms late
    assert source.report().drops == {"frames: drawn too late": 100 - len(ages_ms)}
