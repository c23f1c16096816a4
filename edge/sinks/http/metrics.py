"""What Prometheus reads: counters and gauges made of verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.sinks.http.audience import Audience
from edge.sinks.http.people import PeopleMetrics

STATES = ["used", "dropped", "absent"]
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
PREFIX = "cdat_edge"


class Metrics:
    """Belongs to the event loop. A process that is started again counts from 0, as Prometheus
    expects."""

    def __init__(self, audience: Audience) -> None:
        self.registry = registry = CollectorRegistry()
        self._drops: Mapping[str, int] = {}
        self._verdicts = Counter(f"{PREFIX}_verdicts", "Verdicts.", registry=registry)
        self._abstained = Counter(
            f"{PREFIX}_abstained", "Verdicts without an answer.", registry=registry
        )
        self._labels = Counter(
            f"{PREFIX}_labels", "Verdicts with this label.", ["label"], registry=registry
        )
        self._score = Gauge(
            f"{PREFIX}_score",
            "The newest verdict's probability; NaN without one.",
            ["label"],
            registry=registry,
        )
        self._scored: set[str] = set()
        self._confidence = Gauge(
            f"{PREFIX}_confidence",
            "Estimated probability that the newest label is right; NaN without one.",
            registry=registry,
        )
        self._value = Gauge(
            f"{PREFIX}_value", "The newest number; NaN without one.", registry=registry
        )
        self._state = Enum(
            f"{PREFIX}_stream", "State of a stream.", ["stream"], states=STATES, registry=registry
        )
        self._reliability = Gauge(
            f"{PREFIX}_stream_reliability",
            "1 for a clean signal, 0 for one without information; NaN where none is judged.",
            ["stream"],
            registry=registry,
        )
        self._correction = Gauge(
            f"{PREFIX}_correction", "1: a correction for one person is on.", registry=registry
        )
        self._corrected = Gauge(
            f"{PREFIX}_stream_corrected",
            "1: the newest verdict has this stream corrected for one person.",
            ["stream"],
            registry=registry,
        )
        self._latency = Histogram(
            f"{PREFIX}_latency_seconds",
            "From the end of a window to its verdict.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        registry.register(_Server(audience, self))
        registry.register(PeopleMetrics(audience.people))

    @property
    def drops(self) -> Mapping[str, int]:
        """Lost packets of the run, by "what: cause"."""
        return self._drops

    def take(
        self, verdict: Mapping[str, Any], drops: Mapping[str, int], is_first: bool = True
    ) -> None:
        """Count one verdict.

        Args:
            verdict: Its JSON object.
            drops: The run's lost packets so far, by "what: cause".
            is_first: Of its step: the gauges without a person are its.
        """
        self._drops = drops
        self._verdicts.inc()
        answers = verdict.get("labels") or [verdict["label"]]
        for label in filter(None, answers):
            self._labels.labels(label).inc()
        if verdict["label"] is None and verdict.get("labels") is None:
            self._abstained.inc(verdict.get("value") is None)
        self._latency.observe(verdict["latency_ms"]["total"] / 1000)
        if is_first:
            self._show(verdict)

    def _show(self, verdict: Mapping[str, Any]) -> None:
        scores: Mapping[str, float] = verdict["scores"]
        self._scored.update(scores)
        for label in self._scored:  # an old probability would look like a new one
            self._score.labels(label).set(_number(scores.get(label)))
        self._confidence.set(_number(verdict["confidence"]))
        self._value.set(_number(verdict.get("value")))
        for name, stream in verdict["streams"].items():
            self._state.labels(name).state(stream["state"])
            self._reliability.labels(name).set(_number(stream["reliability"]))
        corrected = verdict.get("corrected")
        self._correction.set(isinstance(corrected, list))
        for name in verdict["streams"]:
            self._corrected.labels(name).set(name in (corrected or ()))


class _Server(Collector):
    """What is known only at the moment of a question."""

    def __init__(self, audience: Audience, metrics: Metrics) -> None:
        self._audience, self._metrics = audience, metrics

    def collect(self) -> Iterator[Metric]:
        drops = CounterMetricFamily(
            f"{PREFIX}_drops", "Lost packets of the run.", labels=["what", "cause"]
        )
        for key, count in sorted(self._metrics.drops.items()):
            what, _, cause = key.partition(": ")
            drops.add_metric([what, cause], count)
        yield drops
        audience = self._audience
        silent = "Seconds since the newest verdict."
        yield GaugeMetricFamily(f"{PREFIX}_silent_seconds", silent, audience.silent_s)
        open_now = "Open WebSocket connections."
        yield GaugeMetricFamily(f"{PREFIX}_subscribers", open_now, audience.size)
        lost = "Verdicts that slow WebSocket connections lost."
        yield CounterMetricFamily(f"{PREFIX}_subscribers_lost", lost, audience.lost)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
