"""The page, for display, screen readers and keyboard."""

from __future__ import annotations

import time
from html import escape
from importlib import resources

from nicegui import ui
from nicegui.events import GenericEventArguments

from edge.dashboard import charts, latency_chart, tables
from edge.dashboard.back import Back
from edge.dashboard.board import Board
from edge.dashboard.marks import MarksPart

REFRESH_S = 0.1
WHOLE_RUN_S = 1.0
"""The whole run is drawn once in this time while it grows: it is more than the last minute."""
PICTURE_ALT = "The newest picture; a green box marks the tracked face."
NO_PICTURE = "The picture is switched off, or only shown on the computer of the camera."
TIMELINE_ALT = (
    "Timeline: the answers, and below them each stream's reliability from 0 to 1. Spans in which it"
    " was not used are shaded. The events are listed below."
)
LATENCY_ALT = "Bars: latency by stage in milliseconds, median and 95th percentile."


def build(board: Board, back: Back, with_picture: bool) -> None:
    """Build the page of one visitor. It is updated while it is open."""
    _Page(board, back, with_picture)


class _Page:
    def __init__(self, board: Board, back: Back, with_picture: bool) -> None:
        self._board = board
        self._seen = self._seen_picture = -1
        self._paused = self._latency_open = False
        self._whole: bool | None = None  # None: the last minute, and after the end the whole run
        self._drawn_s = 0.0
        self._said = ""
        ui.add_css((resources.files("edge") / "dashboard" / "page.css").read_text("utf-8"))
        with ui.element("div").classes("board") as content:
            self._head()
            with ui.element("div").classes("left"):
                self._answer(with_picture)
                with _section("Recognised words with confidence"):
                    self._words = ui.html(tag="p", sanitize=False).classes("heard")
            with ui.element("div").classes("right"):
                self._course()
                with _section("Marks"):
                    self._marks = MarksPart(back)
                self._latencies()
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
            self._pause = _button("Pause").on("click", self._turn)

    def _answer(self, with_picture: bool) -> None:
        with _section("Now").classes("now"):
            with ui.element("div").classes("seen"):
                self._picture: ui.interactive_image | None = None
                if with_picture:
                    self._picture = ui.interactive_image().classes("picture")
                    self._picture.props(f'role=img aria-label="{PICTURE_ALT}"')
                else:
                    ui.label(NO_PICTURE).classes("said")
                self._chips = ui.html(tag="ul", sanitize=False).classes("chips")
                self._chips.props('aria-label="What is used"')
            with ui.element("div"):
                self._label = ui.html(tag="p", sanitize=False).classes("label")
                # Read aloud when it changes; the bars change five times a second and are not read.
                self._status = ui.html(tag="p", sanitize=False).classes("said")
                self._status.props("role=status aria-live=polite")
                self._scores = ui.html(sanitize=False)

    def _course(self) -> None:
        with _section("Emotion over time, and why a stream is not used"):
            with ui.element("div").classes("over"):
                self._legend = ui.html(tag="ul", sanitize=False).classes("legend")
                self._legend.props('aria-label="Colours of the answers"')
                self._switch = _button("Whole run").on("click", self._turn_whole)
            self._timeline = _chart(charts.TIMELINE_PX, TIMELINE_ALT)
            self._facts = ui.html(sanitize=False)
            self._events = ui.html(tag="ol", sanitize=False).classes("events")
            self._events.props('tabindex=0 aria-label="Changes of the streams, newest first"')
            with ui.element("p").classes("said downloads"):
                ui.html(tables.DOWNLOADS, tag="span", sanitize=False)
                self._kept = ui.html(tag="span", sanitize=False)

    def _latencies(self) -> None:
        """Folded away, and not drawn until it is opened."""
        with ui.element("section").props('aria-label="Latency"'):
            with ui.element("details") as details:
                with ui.element("summary"):
                    ui.html("Latency, ms", tag="h2", sanitize=False)
                self._latency = _chart(latency_chart.LATENCY_PX, LATENCY_ALT)
            details.on("toggle", self._fold, js_handler="event => emit(event.target.open)")

    def _fold(self, event: GenericEventArguments) -> None:
        self._latency_open = bool(event.args)
        self._again()

    def _turn_whole(self) -> None:
        self._whole = not self._shows_whole()
        self._drawn_s = 0.0
        self._again()

    def _shows_whole(self) -> bool:
        return self._board.ended if self._whole is None else self._whole

    def _again(self) -> None:
        """Draw the charts; a page that pauses keeps the rest as it is."""
        with self._board.lock:
            if self._board.history.newest is not None:
                self._draw()

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
            self._status.set_content(
                "The run has ended without a verdict." if board.ended else "Listening ..."
            )
            return
        self._label.set_content(tables.answer(line))
        if (said := tables.said(line, board.ended, board.leaves)) != self._said:
            self._said = said
            self._status.set_content(said)
            self._pause.set_visibility(not board.ended)
            # The browser's note that the connection is lost says nothing new then.
            ui.query("body").classes("is-over" if board.leaves else "")
        self._chips.set_content(tables.chips(line))
        if self._picture is not None:
            dropped = tables.is_dropped(line, "vision")
            self._picture.classes(
                add="is-dropped" if dropped else "", remove="" if dropped else "is-dropped"
            )
        self._scores.set_content(tables.scores(line))
        self._facts.set_content(tables.streams(line))
        self._words.set_content(tables.words(line))
        self._legend.set_content(tables.legend(history))
        self._events.set_content(tables.events(history))
        self._marks.show(history, board.ended)
        kept = board.kept
        self._kept.set_content(tables.kept(len(kept), kept.seen, board.ended))
        self._drops.set_content(tables.drops(board.drops))
        self._draw()

    def _draw(self) -> None:
        board, history, whole = self._board, self._board.history, self._shows_whole()
        self._switch.props(f"aria-pressed={str(whole).lower()}")
        now_s = time.monotonic()
        if not whole or board.ended or now_s - self._drawn_s >= WHOLE_RUN_S:
            self._drawn_s = now_s
            _put(self._timeline, charts.timeline(history, whole))
        if self._latency_open:
            _put(self._latency, latency_chart.latencies(history))


def _put(chart: ui.echart, options: charts.Options) -> None:
    chart.options.clear()
    chart.options.update(options)


def _button(text: str) -> ui.html:
    """A native button that is pressed or not: Quasar's has no outline for keyboard users."""
    button = ui.html(text, tag="button", sanitize=False).classes("button")
    button.props("type=button aria-pressed=false")
    return button


def _chart(height_px: int, alt: str) -> ui.echart:
    chart = ui.echart({}, renderer="svg").style(f"height: {height_px}px; width: 100%")
    chart.props(f'role=img aria-label="{alt}"')
    return chart


def _section(title: str) -> ui.element:
    section = ui.element("section").props(f'aria-label="{title}"')
    with section:
        ui.html(title, tag="h2", sanitize=False)
    return section
