"""The newest verdict of each person in the picture, and what Prometheus reads of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "cdat_edge_person"


class People:
    """Belongs to the event loop. A step's verdicts come one by one, so who has none in a step is
    gone from the next one on. Without `--people` it holds the newest verdict alone."""

    def __init__(self) -> None:
        self._verdicts: dict[int | None, Mapping[str, Any]] = {}
        self._before = self._seq = -1
        """Of the step before the newest, and of the newest."""

    def take(self, verdict: Mapping[str, Any]) -> bool:
        """Returns whether it is the first of its step, which outputs that follow one person take.

        Args:
            verdict: Its JSON object.
        """
        seq: int = verdict["seq"]
        if is_first := seq != self._seq:
            self._before, self._seq = self._seq, seq
        person = verdict.get("person")
        self._verdicts = {
            other: known
            for other, known in self._verdicts.items()
            if (other is None) == (person is None) and known["seq"] in (self._before, self._seq)
        }
        self._verdicts[person] = verdict
        return is_first

    def all(self) -> list[Mapping[str, Any]]:
        """Ordered by person; one without a person if nobody is in the picture."""
        return sorted(self._verdicts.values(), key=lambda verdict: verdict.get("person") or 0)

    def of(self, person: str) -> Mapping[str, Any] | None:
        """Of a number as it was asked for; None: not in the picture."""
        found = (one for one in self.all() if "person" in one and str(one["person"]) == person)
        return next(found, None)


class PeopleMetrics(Collector):
    """Gauges of those who are in the picture now: who has left is in none of them, or the numbers
    of a day's visitors would stay for ever."""

    def __init__(self, people: People) -> None:
        self._people = people

    def collect(self) -> Iterator[Metric]:
        verdicts = [one for one in self._people.all() if "person" in one]
        here = "People in the picture who have verdicts, with --people."
        yield GaugeMetricFamily("cdat_edge_people", here, len(verdicts))
        score = _family("score", "Probability.", "label")
        confidence = _family("confidence", "Estimated probability that the label is right.")
        value = _family("value", "The number.")
        used = _family("stream_used", "Whether the stream is used.", "stream")
        for one in verdicts:
            person = str(one["person"])
            for label, probability in one["scores"].items():
                score.add_metric([person, label], probability)
            if one["confidence"] is not None:
                confidence.add_metric([person], one["confidence"])
            if one.get("value") is not None:
                value.add_metric([person], one["value"])
            for name, stream in one["streams"].items():
                used.add_metric([person, name], stream["state"] == "used")
        yield from (score, confidence, value, used)


def _family(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", f"{told} By person.", labels=["person", *labels])
