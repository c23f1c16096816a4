"""The contents of a window at its end."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.window import EMPTY, ReadingRing
from edge.types import NS_PER_MS, NS_PER_S, Float, Reading

STEP_NS = 250 * NS_PER_MS


def ring() -> ReadingRing:
    return ReadingRing(3 * NS_PER_S)


def reading(t_ms: int, embedding: tuple[float, float] | None, quality: float = 0.0) -> Reading:
    array = None if embedding is None else np.array(embedding, np.float32)
    return Reading(t_ms * NS_PER_MS, np.array([quality], np.float32), array, 0.0, 1)


def window(r: ReadingRing, start_ms: int, end_ms: int):  # type: ignore[no-untyped-def]
    return r.window(start_ms * NS_PER_MS, end_ms * NS_PER_MS, STEP_NS)


def test_nothing_captured_is_an_empty_window() -> None:
    assert window(ring(), 0, 3000) is EMPTY


def test_a_window_holds_only_readings_captured_in_it() -> None:
    r = ring()
    for t_ms, value in ((0, 9.0), (100, 1.0), (200, 3.0), (301, 9.0)):
        r.push(reading(t_ms, (value, 0)))
    np.testing.assert_allclose(window(r, 0, 300).embedding, (2.0, 0.0))


def test_a_reading_that_comes_late_still_finds_its_window() -> None:
    r = ring()
    r.push(reading(200, (1, 0)))
    r.push(reading(100, (3, 0)))
    np.testing.assert_allclose(window(r, 0, 300).embedding, (2.0, 0.0))
    assert window(r, 0, 300).age_ns == 100 * NS_PER_MS


def test_quality_is_of_the_newest_step_and_not_an_average() -> None:
    r = ring()
    for t_ms in range(0, 3000, 50):
        r.push(reading(t_ms, (1, 1), quality=1.0 if t_ms < 2750 else 0.1))
    assert window(r, 0, 2990).quality == pytest.approx(0.1)


def test_a_slow_camera_still_has_a_quality() -> None:
    r = ring()
    r.push(reading(1000, (1, 1), quality=0.7))
    assert window(r, 0, 1900).quality == pytest.approx(0.7)


def test_a_face_that_left_ages_while_the_camera_still_delivers() -> None:
    r = ring()
    r.push(reading(500, (1, 1)))
    r.push(reading(2000, None))
    seen = window(r, 0, 2100)
    assert seen.age_ns == 1600 * NS_PER_MS and seen.silence_ns == 100 * NS_PER_MS
    assert seen.embedding is not None


def test_coverage_is_the_share_of_steps_with_evidence() -> None:
    r = ring()
    for t_ms in range(50, 1500, 100):
        r.push(reading(t_ms, (1, 1)))
    assert window(r, 0, 3000).coverage == pytest.approx(0.5)
    assert window(r, 0, 1500).coverage == pytest.approx(1.0)


def test_an_hour_of_readings_needs_no_more_room_than_a_window() -> None:
    r = ring()
    for t_ms in range(0, 3_600_000, 100):
        r.push(reading(t_ms, (1, 1)))
    assert window(r, 3_597_000, 3_600_000).coverage == 1.0
    assert len(r.readings(0, 3_600_000 * NS_PER_MS)) == 720


def poor_below_half(quality: Float) -> bool:
    return bool(quality[0] < 0.5)


def test_dark_pictures_are_left_out_while_the_window_has_others() -> None:
    r = ReadingRing(3 * NS_PER_S, poor_below_half)
    r.push(reading(100, (1, 0), quality=0.9))
    for t_ms in range(200, 2000, 100):
        r.push(reading(t_ms, (0, 1), quality=0.1))
    seen = window(r, 0, 2000)
    np.testing.assert_allclose(seen.embedding, (1.0, 0.0))
    assert seen.age_ns == 1900 * NS_PER_MS and seen.left_out_age_ns == 100 * NS_PER_MS
    assert seen.quality == pytest.approx(0.1), "what the camera shows now is told"
    assert seen.judged("dark") == pytest.approx(0.9), "what is used is judged"


def test_a_window_of_dark_pictures_alone_uses_and_judges_them() -> None:
    r = ReadingRing(3 * NS_PER_S, poor_below_half)
    r.push(reading(100, (1, 0), quality=0.9))
    r.push(reading(2000, (0, 1), quality=0.1))
    seen = window(r, 500, 2000)
    np.testing.assert_allclose(seen.embedding, (0.0, 1.0))
    assert seen.left_out_age_ns is None and seen.judged("dark") == pytest.approx(0.1)
