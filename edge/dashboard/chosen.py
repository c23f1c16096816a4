"""Whose answer, timeline and words a page shows, in a run with several people."""

from __future__ import annotations

from collections.abc import Sequence

from edge.dashboard.board import Board
from edge.dashboard.history import History, Line

COURSE = "Emotion over time, and why a stream is not used"


class Chosen:
    """The choice of one page.

    Attributes:
        person: Their number; None: the first person of each step.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.person: int | None = None

    def choose(self, person: int | None) -> None:
        """Show this person; the same again, or None: the first one."""
        self.person = None if person == self.person else person

    def leave_if_forgotten(self) -> None:
        """Back to the first one once so many others have come that the history is not kept."""
        if self._board.histories.of(self.person) is None:
            self.person = None

    @property
    def history(self) -> History:
        """Of the chosen person."""
        return self._board.histories.of(self.person) or self._board.history

    def line(self, everyone: Sequence[Line]) -> Line | None:
        """Their verdict among those of a step; None: they are not in the picture."""
        own = (one for one in everyone if self.person in (None, one.get("person")))
        return next(own, None)

    def heading(self) -> str:
        """Of the timeline: with several people it names whose it is."""
        if not self._board.present.several:
            return COURSE
        return f"{COURSE}: {'first person' if self.person is None else f'person {self.person}'}"
