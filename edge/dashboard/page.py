"""The page, for display, screen readers and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib import resources

from nicegui import ui

from edge.dashboard import charts, tables
from edge.dashboard.board import Board

REFRESH_S = 0.1
PICTURE_ALT = "The newest picture; a green box marks the tracked face."
NO_PICTURE = "The picture is switched off, or only shown on the computer of the camera."
TIMELINE_ALT = (
    "Timeline of the last minute: each stream's reliability from 0 to 1. Spans in which it was not"
    " used are shaded. The events are listed below."
)
LATENCY_ALT = "Bars: latency by stage in milliseconds, median and 95th percentile."


def build(board: Board, with_picture: bool) -> None:
    """Build the page of one visitor. It is updated while it is open."""
    _Page(board, with_picture)


class _Page:
    def __init__(self, board: Board, with_picture: bool) -> None:
        self._board = board
        self._seen = self._seen_picture = -1
        self._paused = False
        self._said = ""
        ui.add_css((resources.files("edge") / "dashboard" / "page.css").read_text("utf-8"))
        with ui.element("div").classes("board") as content:
            self._head()
            with ui.element("div").classes("left"):
                self._answer(with_picture)
                with _section("Recognised words with confidence"):
                    self._words = ui.html(tag="p", sanitize=False).classes("heard")
            with ui.element("div").classes("right"):
                self._streams()
                with _section("Latency, ms"):
                    self._latency = _chart(charts.LATENCY_PX, LATENCY_ALT)
                with _section("Dropped packets by cause"):
                    self._drops = ui.html(sanitize=False)
        ui.skip_link(target=content)
        self._refresh()
        ui.timer(REFRESH_S, self._refresh)

    def _head(self) -> None:
        about = self._board.about
        with ui.element("header").classes("top"):
            ui.html("cdat-edge", tag="h1", sanitize=False)
            runs = f"{about['bundle']} on {about['device']}; {about['sources']}"
            ui.html(escape(runs), tag="p", sanitize=False)
            # A native button: Quasar's has no outline for keyboard users.
            self._pause = ui.html("Pause", tag="button", sanitize=False).classes("button")
            self._pause.props("type=button aria-pressed=false").on("click", self._turn)

    def _answer(self, with_picture: bool) -> None:
        with _section("Now"):
            self._picture: ui.interactive_image | None = None
            if with_picture:
                self._picture = ui.interactive_image().classes("picture")
                self._picture.props(f'role=img aria-label="{PICTURE_ALT}"')
            else:
                ui.label(NO_PICTURE).classes("said")
            self._label = ui.html(tag="p", sanitize=False).classes("label")
            # Read aloud when it changes; the bars change five times a second and are not read.
            self._status = ui.html(tag="p", sanitize=False).classes("said")
            self._status.props("role=status aria-live=polite")
            self._scores = ui.html(sanitize=False)

    def _streams(self) -> None:
        with _section("Streams: reliability, and why one is not used"):
            self._facts = ui.html(sanitize=False)
            self._timeline = _chart(charts.TIMELINE_PX, TIMELINE_ALT)
            self._events = ui.html(tag="ol", sanitize=False).classes("events")
            self._events.props('tabindex=0 aria-label="Changes of the streams, newest first"')

    def _turn(self) -> None:
        self._paused = not self._paused
        self._pause.set_content("Resume" if self._paused else "Pause")
        self._pause.props(f"aria-pressed={str(self._paused).lower()}")

    def _refresh(self) -> None:
        board = self._board
        if self._paused and not board.ended:
            return
        if self._picture is not None and board.picture_number != self._seen_picture:
            self._seen_picture = board.picture_number
            if board.picture:
                self._picture.set_source(f"/picture?{board.picture_number}")
        if board.version == self._seen:
            return
        self._seen = board.version
        with board.lock:
            self._show()

    def _show(self) -> None:
        board, history = self._board, self._board.history
        line = history.newest
        if line is None:
            self._status.set_content("Listening ...")
            return
        self._label.set_content(tables.answer(line))
        if (said := tables.said(line, board.ended)) != self._said:
            self._said = said
            self._status.set_content(said)
        self._scores.set_content(tables.scores(line))
        self._facts.set_content(tables.streams(line))
        self._words.set_content(tables.words(line))
        self._events.set_content(tables.events(history))
        self._drops.set_content(tables.drops(board.drops))
        for chart, options in (
            (self._timeline, charts.timeline(history)),
            (self._latency, charts.latencies(history)),
        ):
            chart.options.clear()
            chart.options.update(options)


def _chart(height_px: int, alt: str) -> ui.echart:
    chart = ui.echart({}, renderer="svg").style(f"height: {height_px}px; width: 100%")
    chart.props(f'role=img aria-label="{alt}"')
    return chart


@contextmanager
def _section(title: str) -> Iterator[None]:
    with ui.element("section").props(f'aria-label="{title}"'):
        ui.html(title, tag="h2", sanitize=False)
        yield
