"""What Prometheus reads of the server. No number belongs to a person."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

PREFIX = "cdat_edge_serve"


class Metrics:
    """Belongs to the event loop.

    Args:
        sessions: How many are open now.
    """

    def __init__(self, sessions: Callable[[], int]) -> None:
        self.registry = registry = CollectorRegistry()
        now = Gauge(f"{PREFIX}_sessions", "Sessions that are open.", registry=registry)
        now.set_function(sessions)
        self.begun = Counter(f"{PREFIX}_begun", "Sessions that began.", registry=registry)
        self.verdicts = Counter(f"{PREFIX}_verdicts", "Verdicts of all.", registry=registry)
        self.refused = Counter(
            f"{PREFIX}_refused",
            "Sessions that were refused or ended by the server.",
            ["cause"],
            registry=registry,
        )
        self.dropped = Counter(
            f"{PREFIX}_dropped",
            "Pictures, pieces of sound and verdicts that were dropped.",
            ["what"],
            registry=registry,
        )
