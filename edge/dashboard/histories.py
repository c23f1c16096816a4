"""The histories of a run with `--people`: of the first person of each step, and of each person."""

from __future__ import annotations

from edge.dashboard.happened import Happened
from edge.dashboard.history import History, Line
from edge.dashboard.run_time import RunTime

PEOPLE_LIMIT = 32
"""Twice as many as can be in the picture. Then that of who was seen longest ago is dropped."""


class Histories:
    """One thread writes; any thread may read between two writes.

    Attributes:
        first: Of the first person of each step.
    """

    def __init__(self) -> None:
        self._time = RunTime()
        self.first = History(self._time)
        self._own: dict[int, History] = {}
        """By person; who was seen last is the last one."""

    def add(self, line: Line, is_first: bool) -> None:
        """Add the next verdict; `is_first`: of its step."""
        if is_first:
            self.first.add(line)
        person = line.get("person")
        if person is None:
            return
        history = self._own.pop(person, None) or History(self._time)
        history.add(line)
        self._own[person] = history
        while len(self._own) > PEOPLE_LIMIT:
            del self._own[next(iter(self._own))]

    def tell(self, what: Happened) -> None:
        """Add an event of the run, which is in all of them."""
        self._time.tell(what)

    def of(self, person: int | None) -> History | None:
        """That of a person, if it is kept; None: of the first one of each step."""
        return self.first if person is None else self._own.get(person)
