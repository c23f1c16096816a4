"""What the connections share: the networks, the limits, the counts; and who is there."""

from __future__ import annotations

from collections.abc import Callable

from edge.clock import Clock
from edge.config import Config
from edge.runtime.shared_models import SharedModels
from edge.serve.messages import GOING_AWAY, TRY_LATER, Refused
from edge.serve.metrics import Metrics

End = Callable[[Refused], None]


class House:
    """The sessions that are open. Belongs to the event loop.

    Attributes:
        models: Shared by the sessions.
        config: As the server was started with.
        clock: Times the recognition.
        metrics: Counts of this server.
        stopping: Nobody is let in any more.
    """

    def __init__(self, models: SharedModels, config: Config, clock: Clock) -> None:
        self.models, self.config, self.clock = models, config, clock
        self.stopping = False
        self._ends: dict[object, End] = {}
        self.metrics = Metrics(lambda: self.size)

    @property
    def size(self) -> int:
        """Sessions that are open."""
        return len(self._ends)

    @property
    def is_full(self) -> bool:
        """Whether one more is refused."""
        return self.size >= self.config.serve.sessions_max

    def enter(self, guest: object, end: End) -> None:
        """A session begins; `end` ends it.

        Raises:
            Refused: There is no room, or the server stops.
        """
        if self.stopping:
            raise _stopping()
        if self.is_full:
            raise Refused(
                TRY_LATER,
                "no room",
                f"This server has {self.size} sessions, as many as it takes: try again later.",
            )
        self._ends[guest] = end
        self.metrics.begun.inc()

    def leave(self, guest: object) -> None:
        """The session has ended, and its thread with it."""
        del self._ends[guest]

    def stop(self) -> None:
        """End all sessions, with a sentence; let nobody in."""
        self.stopping = True
        for end in list(self._ends.values()):
            end(_stopping())


def _stopping() -> Refused:
    return Refused(GOING_AWAY, "server stops", "The server stops: the session has ended.")
