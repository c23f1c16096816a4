"""Sample times from callbacks with jitter, wrong delays, drift and loss, on a simulated clock."""

from __future__ import annotations

import numpy as np
import pytest

from edge.sources.sample_time import SampleTime
from edge.types import NS_PER_MS, NS_PER_S

RATE_HZ, BLOCK = 16_000, 320
START_NS = 7 * NS_PER_S


def fit_of(
    blocks: int,
    late_ms: list[float],
    delay_ms: list[float | None],
    skew: float = 0.0,
) -> SampleTime:
    """Feed blocks captured from START_NS on; lists are repeated as needed."""
    fit = SampleTime(RATE_HZ, 60 * NS_PER_MS)
    for index in range(blocks):
        end_ns = START_NS + (index + 1) * 20 * NS_PER_MS * (1 + skew)
        late_ns = late_ms[index % len(late_ms)] * NS_PER_MS
        delay = delay_ms[index % len(delay_ms)]
        fit.observe(
            index * BLOCK,
            BLOCK,
            int(end_ns + late_ns),
            None if delay is None else int((delay + 20) * NS_PER_MS + late_ns),
        )
    return fit


def error_ms(fit: SampleTime, position: int = 0) -> float:
    return (fit.time_of(position) - START_NS - position * NS_PER_S / RATE_HZ) / NS_PER_MS


def test_late_callbacks_do_not_move_the_samples() -> None:
    jitter = list(np.random.default_rng(1).exponential(15, 97))
    assert abs(error_ms(fit_of(400, jitter, [None]))) < 2


def test_a_plausible_driver_delay_is_used() -> None:
    # Blocks arrive 30 ms after their last sample, every time; only the driver can know.
    fit = fit_of(200, [30.0], [0.0])
    assert abs(error_ms(fit)) < 2


@pytest.mark.parametrize("claim_ms", [-25.0, 160.0])
def test_an_implausible_driver_delay_is_ignored(claim_ms: float) -> None:
    assert abs(error_ms(fit_of(50, [2.0], [claim_ms]))) < 5


def test_a_device_clock_that_drifts_is_followed() -> None:
    skew = 200e-6
    blocks = 6000  # two minutes, in which the count is 24 ms off
    fit = fit_of(blocks, [1.0, 4.0, 9.0], [None], skew)
    last = (blocks - 1) * BLOCK
    truth_ms = 24.0
    assert error_ms(fit, last) == pytest.approx(truth_ms, abs=4)


def test_times_never_run_backwards() -> None:
    late = [*np.random.default_rng(2).exponential(40, 30), 0.0]
    fit = SampleTime(RATE_HZ, 60 * NS_PER_MS)
    times = []
    for index in range(300):
        end_ns = START_NS + (index + 1) * 20 * NS_PER_MS
        fit.observe(index * BLOCK, BLOCK, int(end_ns + late[index % 31] * NS_PER_MS), None)
        times.append(fit.time_of(index * BLOCK))
    assert all(np.diff(times) > 0)


def test_unreported_loss_of_sound_is_detected() -> None:
    fit = fit_of(200, [1.0, 3.0], [None])
    assert fit.slipped_ns() == 0
    for index in range(200, 260):
        end_ns = START_NS + (index + 1) * 20 * NS_PER_MS
        fit.observe(index * BLOCK, BLOCK, end_ns + 251 * NS_PER_MS, None)
    assert fit.slipped_ns() == pytest.approx(250 * NS_PER_MS, abs=NS_PER_MS)


def test_a_delay_that_is_caught_up_is_no_loss() -> None:
    fit = fit_of(200, [1.0], [None])
    for index in range(200, 260):
        on_time_ns = START_NS + (index + 1) * 20 * NS_PER_MS + NS_PER_MS
        stall_ends_ns = START_NS + 220 * 20 * NS_PER_MS
        fit.observe(index * BLOCK, BLOCK, max(on_time_ns, stall_ends_ns), None)
        assert fit.slipped_ns() == 0


def test_a_time_before_the_first_block_is_refused() -> None:
    with pytest.raises(ValueError, match="no block"):
        SampleTime(RATE_HZ, 0).time_of(0)
