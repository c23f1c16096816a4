"""A closed microphone is processed in intervals, and at once when its level changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.recognition.recognizer import Recognizer
from edge.runtime.duty_cycle import ASLEEP_NS, AWAKE_NS, DutyCycle
from edge.types import NS_PER_S, Chunk, Observation

RATE_HZ, LENGTH = 16_000, 320


def chunks(level_dbfs: float, seconds: float, begin_s: float = 0.0) -> Iterator[Chunk]:
    rng = np.random.default_rng(round(begin_s))
    for k in range(round(seconds * RATE_HZ / LENGTH)):
        first = round(begin_s * RATE_HZ) + k * LENGTH
        samples = rng.normal(0, 10 ** (level_dbfs / 20), LENGTH).astype(np.float32)
        yield Chunk(first * NS_PER_S // RATE_HZ, samples, RATE_HZ, first)


def heard(duty_cycle: DutyCycle, some: Iterable[Chunk], closed: bool) -> list[bool]:
    return [bool(duty_cycle.heard(chunk, closed)) for chunk in some]


def test_an_open_stream_is_always_processed() -> None:
    assert all(heard(DutyCycle(), chunks(-30, 5), closed=False))


def test_a_closed_stream_is_processed_a_twentieth_of_the_time_in_intervals() -> None:
    duty_cycle = DutyCycle()
    told = heard(duty_cycle, chunks(-20, 120), closed=True)
    assert 0.02 < np.mean(told) < 0.06
    assert duty_cycle.passed_over > 0.7 * len(told)
    edges = np.flatnonzero(np.diff(np.array(told).astype(int)))
    stretches = np.diff(edges)[::2] * LENGTH / RATE_HZ
    assert stretches.min() >= AWAKE_NS / NS_PER_S - 0.05
    assert max(stretches) < 2


def test_an_unmuted_microphone_and_the_end_of_a_noise_are_processed_at_once() -> None:
    for before, after in ((-100, -30), (-15, -50)):
        duty_cycle = DutyCycle()
        assert not any(heard(duty_cycle, chunks(before, 4), closed=True)[1:])
        told = heard(duty_cycle, chunks(after, 2, begin_s=4), closed=True)
        assert told.index(True) * LENGTH / RATE_HZ < 0.6


def test_after_waking_the_last_second_is_complete_and_not_repeated() -> None:
    duty_cycle = DutyCycle()
    given = list(chunks(-100, 4)) + list(chunks(-30, 2, begin_s=4))
    got = [one for chunk in given for one in duty_cycle.heard(chunk, closed=True)]
    starts = [chunk.first_sample for chunk in got]
    assert np.unique(np.diff(starts)).tolist() == [LENGTH]
    assert 2.7 * RATE_HZ < starts[0] < 3.5 * RATE_HZ


def test_reopening_during_a_pause_loses_nothing_of_the_last_second() -> None:
    duty_cycle = DutyCycle()
    heard(duty_cycle, chunks(-20, 4), closed=True)
    first = next(chunks(-20, 1, begin_s=4))
    assert len(duty_cycle.heard(first, closed=False)) > RATE_HZ / LENGTH
    assert len(duty_cycle.heard(first, closed=False)) == 1


def test_a_noise_with_small_level_changes_does_not_wake_it() -> None:
    duty_cycle = DutyCycle()
    heard(duty_cycle, chunks(-20, 1), closed=True)
    wavering = [c for k in range(8) for c in chunks(-20 + 4 * (k % 2), 1, begin_s=1 + k)]
    assert not any(heard(duty_cycle, wavering, closed=True))


def test_reopening_processes_everything_and_closing_pauses_again() -> None:
    duty_cycle = DutyCycle()
    heard(duty_cycle, chunks(-20, 3), closed=True)
    assert all(heard(duty_cycle, chunks(-20, 2, begin_s=3), closed=False))
    asleep_s = ASLEEP_NS / NS_PER_S - 1
    assert not any(heard(duty_cycle, chunks(-20, asleep_s, begin_s=5), closed=True))


def test_nan_samples_and_empty_chunks_neither_wake_nor_break_it() -> None:
    duty_cycle = DutyCycle()
    heard(duty_cycle, chunks(-100, 1), closed=True)
    for samples in (np.full(LENGTH, np.nan), np.full(LENGTH, np.inf), np.zeros(0)):
        bad = Chunk(NS_PER_S, samples.astype(np.float32), RATE_HZ, RATE_HZ)
        duty_cycle.heard(bad, closed=True)
    assert all(heard(duty_cycle, chunks(-30, 1, begin_s=2), closed=False))


def test_it_reports_a_few_times_a_second_that_the_device_delivers() -> None:
    duty_cycle = DutyCycle()
    told = sum(duty_cycle.keep_alive(c.t_ns + 1_000_000_000) for c in chunks(-30, 3))
    assert 12 <= told <= 15


def test_a_paused_stream_keeps_its_state() -> None:
    bundle = Bundle.load(default_bundle())
    clock = HandClock()
    recognizer = Recognizer(bundle, Networks(bundle), clock)
    recognizer.set_link("audio", "up")
    spec = bundle.manifest.streams["audio"]
    noisy = dict(zip(spec.quality, spec.typical_quality, strict=True))
    noisy |= {"level_dbfs": -10, "floor_dbfs": -12, "range_db": 3, "flatness": 0.9, "voice": 0.01}
    quality = np.array([noisy[name] for name in spec.quality], np.float32)
    tensor = np.zeros(spec.shape, np.float32)
    for tenth in range(1, 41):
        recognizer.observe("audio", Observation(tenth * NS_PER_S // 10, tensor, quality))
    assert recognizer.step(4 * NS_PER_S, 0).streams["audio"].state == "dropped"
    for quarter in range(1, 13):
        t_ns = 4 * NS_PER_S + quarter * NS_PER_S // 4
        recognizer.heartbeat("audio", t_ns)
        asleep = recognizer.step(t_ns, 0).streams["audio"]
        assert (asleep.state, asleep.reason) == ("dropped", "noisy")


def test_a_paused_stream_that_the_gate_has_not_dropped_has_a_reason() -> None:
    """As after a reconnect: it was closed by a signal that has gone since."""
    bundle = Bundle.load(default_bundle())
    recognizer = Recognizer(bundle, Networks(bundle), HandClock())
    recognizer.set_link("audio", "up")
    spec = bundle.manifest.streams["audio"]
    quality = np.array(spec.typical_quality, np.float32)
    tensor = np.zeros(spec.shape, np.float32)
    recognizer.observe("audio", Observation(NS_PER_S, tensor, quality))
    for quarter in range(1, 8):
        t_ns = NS_PER_S + quarter * NS_PER_S // 4
        recognizer.heartbeat("audio", t_ns)
        told = recognizer.step(t_ns, 0).streams["audio"]
        assert told.state == "used" or told.reason is not None
    assert (told.state, told.reason) == ("dropped", "starting")


def test_a_stream_that_never_delivered_cannot_be_paused() -> None:
    bundle = Bundle.load(default_bundle())
    recognizer = Recognizer(bundle, Networks(bundle), HandClock())
    recognizer.set_link("audio", "up")
    recognizer.heartbeat("audio", NS_PER_S)
    assert recognizer.step(9 * NS_PER_S, 0).streams["audio"].reason == "starting"


def test_each_chunk_is_processed_or_passed_over_also_when_the_run_ends_asleep() -> None:
    duty_cycle = DutyCycle()
    given = list(chunks(-100, 5))
    processed = sum(len(duty_cycle.heard(chunk, closed=True)) for chunk in given)
    assert duty_cycle.passed_over == len(given) - processed > 200
