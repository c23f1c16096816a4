"""Percentiles, pace and targets of given values."""

from __future__ import annotations

import pytest

from edge.bench.live import Collected
from edge.bench.statistics import Row, jitter, percentiles, rate_hz, ratio
from edge.bench.suite import targets
from edge.recognition.verdict import StreamVerdict, Verdict
from edge.types import NS_PER_MS, NS_PER_S


def test_percentiles_of_a_hundred_and_one_values_are_their_ranks() -> None:
    found = percentiles([float(value) for value in range(100, -1, -1)])
    assert found == {"p50": 50, "p95": 95, "p99": 99, "max": 100, "count": 101}


def test_without_measurements_there_is_no_value_and_not_zero() -> None:
    assert percentiles([]) is None
    assert jitter([5], 0.25) is None
    assert rate_hz([5]) is None
    assert ratio(None, 2.0) is None
    assert ratio(1.0, 0.0) is None


def test_jitter_is_the_distance_of_an_interval_from_the_step_early_or_late() -> None:
    arrivals_ns = [ms * NS_PER_MS for ms in (0, 250, 510, 750)]
    found = jitter(arrivals_ns, 0.25)
    assert found is not None
    assert found["p50"] == pytest.approx(10) and found["max"] == pytest.approx(10)
    assert found["count"] == 3
    assert rate_hz(arrivals_ns) == pytest.approx(4.0)


def verdict(end_ns: int, used: dict[str, float | None], latency_ms: dict[str, float]) -> Verdict:
    streams = {
        name: StreamVerdict("used" if name in used else "dropped", None, 0.5, age_ms, 1.0)
        for name, age_ms in {"text": 900.0, "audio": 80.0, "vision": 5.0, **used}.items()
    }
    span_ns = (end_ns - NS_PER_S, end_ns)
    return Verdict(0, span_ns, "happy", {}, 0.5, tuple(used), streams, "", latency_ms)


def test_a_labels_age_counts_from_the_newest_evidence_that_was_used() -> None:
    collected = Collected()
    end_ns = 7 * NS_PER_S
    # The camera's is newer, but it was dropped.
    collected.add(verdict(end_ns, {"text": 900.0, "audio": 80.0}, {}), end_ns + 3 * NS_PER_MS, 1.0)
    assert collected.label_age_ms == [pytest.approx(83)]
    # Nothing used, nothing to tell the age of; ages of evidence are told all the same.
    collected.add(verdict(end_ns, {}, {}), end_ns, 1.0)
    assert len(collected.label_age_ms) == 1
    assert collected.evidence_ms["vision"] == [5.0, 5.0]
    assert collected.rows()["used_share"] == {"text": 0.5, "audio": 0.5}


def test_overhead_is_the_total_less_the_time_in_the_networks() -> None:
    collected = Collected()
    latency_ms = {"wait": 1.0, "engine": 2.0, "total": 5.0}
    collected.add(verdict(0, {"audio": 80.0}, latency_ms), 5 * NS_PER_MS, 1.0)
    assert collected.overhead_ms == [3.0]


def results(overhead_p50: float, overhead_p99: float, engine_p50: float) -> Row:
    overhead = {"p50": overhead_p50, "p99": overhead_p99}
    return {"live": {"overhead_ms": overhead, "stages_ms": {"engine": {"p50": engine_p50}}}}


@pytest.mark.parametrize(
    ("overhead_p50", "overhead_p99", "engine_p50", "met"),
    [
        (1.4, 4.0, 0.5, [True, True]),
        (1.6, 4.0, 0.5, [False, True]),
        (2.4, 8.0, 10.0, [True, False]),  # a quarter of the engine's 10 ms is more than 1.5
    ],
)
def test_a_step_may_take_a_quarter_of_the_engines_time_or_one_and_a_half_ms(
    overhead_p50: float, overhead_p99: float, engine_p50: float, met: list[bool]
) -> None:
    found = targets(results(overhead_p50, overhead_p99, engine_p50))
    assert [target["met"] for target in found] == met


def test_a_stream_that_was_never_dropped_gives_no_drop_time() -> None:
    row = {"stream": "audio", "saved_of_share": None}
    (found,) = targets({**results(1, 2, 1), "dropped": [row]})[2:]
    assert found["met"] is None


def test_window_lengths_are_compared_at_their_ends() -> None:
    rows = [
        {"duration_s": duration_s, "step_cpu_ms": {"p50": ms}}
        for duration_s, ms in ((4.0, 9.0), (8.0, 1.2), (2.0, 1.0))
    ]
    (found,) = targets({**results(1, 2, 1), "durations": rows})[2:]
    assert found["value"] == pytest.approx(1.2) and found["met"]
