"""The page's button that begins another run, and the sentence about it."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from edge.dashboard.back import Back
from edge.dashboard.board import Board
from edge.dashboard.elements import button

STARTING = "Starting ..."
NOT_TAKEN = "Nothing was started: wait a moment, and try again."
BEGUN = (
    "A new run has begun. What was shown of the former one is cleared; its verdicts can still be"
    " downloaded, below the timeline."
)


def sentence(news: dict[str, Any]) -> str:
    """What the run has told of a start."""
    return STARTING if news.get("busy") else news.get("said") or ""


class StartButton:
    """Builds itself into the open element; seen after the end of the run. A page without permission
    has no button."""

    def __init__(self, board: Board, back: Back, told: Told) -> None:
        self._board, self._back, self._told = board, back, told
        self._button: ui.html | None = None
        if back.allowed:
            self._button = button("Start again").on("click", self._start)
            self._button.set_visibility(False)

    def show(self) -> None:
        """Show the button when it can be used."""
        board = self._board
        if self._button is not None:
            waits = board.ended and not board.leaves and not board.news.get("busy")
            self._button.set_visibility(bool(waits))

    def _start(self) -> None:
        self._told.say(STARTING if self._back.start({}) else NOT_TAKEN)


class Told:
    """The sentence, read aloud. It stays when the page changes to another run."""

    def __init__(self) -> None:
        self._line = ui.label("").classes("said told news")
        self._line.props("aria-live=polite")

    def show(self, board: Board) -> None:
        """Show what the run has told, or that it is another one."""
        self.say(
            sentence(board.news) or (BEGUN if board.run_number > 1 and not board.ended else "")
        )

    def say(self, text: str) -> None:
        """Show this; the same again is not repeated."""
        if self._line.text != text:
            self._line.set_text(text)
