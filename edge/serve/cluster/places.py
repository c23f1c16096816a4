"""Which replica a session is placed on, and how many replicas there should be. No network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

FULL_SHARE = 0.75
"""When so much of all places is taken, a replica more is wanted: it takes seconds to start."""


@dataclass(eq=False)
class Place:
    """A replica that runs.

    Attributes:
        number: Counted from 1; a replica that replaces another one has a new number.
        address: HOST:PORT of its server.
        sessions: That were placed on it and have not ended.
        exposition: Its metrics when it was last asked.
        ends: What is called, on any thread, when it is lost: one for each session.
    """

    number: int
    address: str
    sessions: int = 0
    exposition: str = ""
    ends: set[Callable[[], object]] = field(default_factory=set)


class Places:
    """The replicas that run, each with room for `each` sessions. Any thread."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._lock = threading.Lock()
        self._places: list[Place] = []

    @property
    def all(self) -> list[Place]:
        """Those that run now; a copy."""
        with self._lock:
            return list(self._places)

    @property
    def room(self) -> int:
        """Sessions that all replicas take together."""
        with self._lock:
            return self._each * len(self._places)

    @property
    def taken(self) -> int:
        """Sessions that are placed."""
        with self._lock:
            return self._taken

    @property
    def wants_more(self) -> bool:
        """Whether a new session could soon find no room."""
        return self.taken >= FULL_SHARE * self.room

    @property
    def needs_all(self) -> bool:
        """Whether the sessions want one more replica than all but one."""
        with self._lock:
            return self._taken >= FULL_SHARE * self._each * (len(self._places) - 1)

    def add(self, place: Place) -> None:
        """It can take sessions from now on."""
        with self._lock:
            self._places.append(place)

    def take(self, end: Callable[[], object], but: Collection[Place] = ()) -> Place | None:
        """The replica with the fewest sessions, which now has one more; None: all are full.

        Args:
            end: Called when the replica is lost.
            but: Not one of these.
        """
        with self._lock:
            others = [place for place in self._places if place not in but]
            place = min(others, key=lambda one: one.sessions, default=None)
            if place is None or place.sessions >= self._each:
                return None
            place.sessions += 1
            place.ends.add(end)
            return place

    def leave(self, place: Place, end: Callable[[], object]) -> None:
        """The session has ended; `end` is what `take` was given."""
        with self._lock:
            place.sessions -= 1
            place.ends.discard(end)

    def lose(self, place: Place) -> bool:
        """It does not run any more: end its sessions. Returns False if that is known."""
        with self._lock:
            if place not in self._places:
                return False
            self._places.remove(place)
            ends = list(place.ends)
        for end in ends:
            end()
        return True

    def retire(self, least: int) -> Place | None:
        """Take away a replica without sessions, if the others have room; None: there is none.

        Args:
            least: So many stay.
        """
        with self._lock:
            left = len(self._places) - 1
            if left < least or self._taken >= FULL_SHARE * self._each * left:
                return None
            empty = [place for place in self._places if place.sessions == 0]
            if not empty:
                return None
            self._places.remove(empty[-1])
            return empty[-1]

    @property
    def _taken(self) -> int:
        return sum(place.sessions for place in self._places)
