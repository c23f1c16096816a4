"""The metrics of all replicas as one exposition, in which each number names its replica."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from edge.serve.cluster.places import Places


class Expositions(Collector):
    """What the replicas said when they were last asked. Any thread."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def collect(self) -> Iterator[Metric]:
        """Each family once, with the samples of all."""
        families: dict[str, Metric] = {}
        for place in self._places.all:
            for family in text_string_to_metric_families(place.exposition):
                told = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "replica": str(place.number)}
                    told.add_sample(sample.name, labels, sample.value)
        yield from families.values()
