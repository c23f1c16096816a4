"""The page, for display, screen readers and keyboard."""

from __future__ import annotations

import time
from html import escape
from importlib import resources

from nicegui import ui
from nicegui.events import GenericEventArguments

from edge.dashboard import charts, latency_chart, tables
from edge.dashboard.about import about_part
from edge.dashboard.back import Back
from edge.dashboard.board import Board
from edge.dashboard.changes import ChangesPart
from edge.dashboard.chosen import COURSE, Chosen
from edge.dashboard.downloads import DownloadsPart
from edge.dashboard.elements import chart, section, switch
from edge.dashboard.history import Line
from edge.dashboard.load import LoadPart
from edge.dashboard.looking_back import LookingBack
from edge.dashboard.marks import MarksPart
from edge.dashboard.now import NowPart
from edge.dashboard.people import PeoplePart
from edge.dashboard.scheme import Scheme
from edge.dashboard.settings import SettingsPart
from edge.dashboard.starting import StartButton, Told
from edge.dashboard.stopping import StopButton
from edge.dashboard.tables import UNSURE
from edge.dashboard.upright import upright
from edge.recognition.verdict import shown_answer

REFRESH_S = 0.1
WHOLE_RUN_S = 1.0
"""The whole run is drawn once in this time while it grows: it is more than the last minute."""
TIMELINE_ALT = (
    "Timeline: the answers, each as high as its confidence, and below them each stream's"
    " reliability from 0 to 1. Spans in which it was not used are shaded. The events are listed"
    " below."
)
LATENCY_ALT = "Bar: the parts of a typical step's latency. The table below has its numbers."


def build(board: Board, back: Back, is_here: bool, scheme: str | None) -> None:
    """Build the page of one visitor. It is updated while it is open.

    Args:
        is_here: The visitor is on the computer of the camera.
        scheme: Light or dark, as their cookie says.
    """
    _Page(board, back, is_here, Scheme(scheme))


class _Page:
    def __init__(self, board: Board, back: Back, is_here: bool, scheme: Scheme) -> None:
        self._scheme = scheme
        self._board, self._back, self._is_here = board, back, is_here
        self._settings: SettingsPart | None = None
        ui.add_css((resources.files("edge") / "dashboard" / "page.css").read_text("utf-8"))
        with ui.element("div").classes("board") as content:
            self._header = ui.element("header").classes("top")
            self._told = Told()
            self._left = ui.element("div").classes("left")
            self._right = ui.element("div").classes("right")
        ui.skip_link(target=content)
        self._fill()
        self._refresh()
        # Once for all runs of the page: the client keeps each handler.
        ui.context.client.on_connect(lambda: self._look.send())
        ui.timer(REFRESH_S, self._refresh)

    def _fill(self) -> None:
        """Build everything for the present run."""
        board = self._board
        self._run_number = board.run_number
        self._seen = self._seen_picture = self._seen_news = -1
        self._paused = self._latency_open = False
        self._whole: bool | None = None  # None: the last minute, and after the end the whole run
        self._drawn_s = 0.0
        self._over = False
        self._answer = ""
        self._chosen = Chosen(board)
        for part in (self._header, self._left, self._right):
            part.clear()
        with self._header:
            self._head()
        with self._left:
            self._now = NowPart(self._is_here and board.may_have_picture, self._choose)
            self._people = PeoplePart(self._choose)
            with section("Recognised words with confidence"):
                self._words = ui.html(tag="p", sanitize=False).classes("heard")
            self._load = LoadPart()
        with self._right:
            self._course()
            with section("Marks"):
                self._marks = MarksPart(self._back)
            self._latencies()
            with section("Dropped packets by cause"):
                self._drops = ui.html(sanitize=False)
            self._changes = ChangesPart(self._back)
            opened = self._settings is not None and self._settings.opened
            self._settings = SettingsPart(board, self._back, self._told, opened)
            about_part(board.about, self._scheme)

    def _head(self) -> None:
        about = self._board.about
        title = ui.html("cdat-edge", tag="h1", sanitize=False).props("tabindex=-1")
        runs = f"{about['bundle']} on {about['device']}; {about['sources']}"
        ui.html(escape(runs), tag="p", sanitize=False)
        self._pause = switch("Pause").on("click", self._turn)
        self._stop = StopButton(self._back)
        self._start = StartButton(self._board, self._back, self._told)
        if self._run_number > 1:  # what had the focus is gone
            find = f"document.getElementById('{title.html_id}')"
            lost = "document.activeElement === document.body"
            ui.run_javascript(f"if ({lost}) {find}.focus({{preventScroll: true}})")

    def _course(self) -> None:
        with ui.element("section").props(f'aria-label="{COURSE}"'):
            self._heading = ui.html(COURSE, tag="h2", sanitize=False)
            with ui.element("div").classes("over"):
                self._legend = ui.html(tag="ul", sanitize=False).classes("legend")
                self._legend.props('aria-label="Colours of the answers"')
                self._switch = switch("Whole run").on("click", self._turn_whole)
            self._timeline = chart(charts.TIMELINE_PX, TIMELINE_ALT)
            self._look = LookingBack(self._looked)
            self._facts = ui.html(sanitize=False)
            self._events = ui.html(tag="ol", sanitize=False).classes("events")
            self._events.props('tabindex=0 aria-label="What happened, newest first"')
            self._downloads = DownloadsPart(self._timeline, len(self._board.former) > 0)

    def _latencies(self) -> None:
        """Folded away, and not drawn until it is opened."""
        with ui.element("section").props('aria-label="Latency"'):
            with ui.element("details") as details:
                with ui.element("summary"):
                    ui.html("Latency, ms", tag="h2", sanitize=False)
                self._latency = chart(latency_chart.LATENCY_PX, LATENCY_ALT)
                self._parts = ui.html(sanitize=False)
            details.on("toggle", self._fold, js_handler="event => emit(event.target.open)")

    def _fold(self, event: GenericEventArguments) -> None:
        self._latency_open = bool(event.args)
        self._again()

    def _turn_whole(self) -> None:
        self._whole = not self._shows_whole()
        at_s, history = self._look.at_s, self._chosen.history
        if at_s is not None and at_s < history.span(self._whole)[0]:
            self._look.at_s = None  # it is not on the axis any more
            self._looked()
        self._drawn_s = 0.0
        self._again()

    def _shows_whole(self) -> bool:
        return self._board.ended if self._whole is None else self._whole

    def _again(self) -> None:
        """Draw the charts; a page that pauses keeps the rest as it is."""
        with self._board.lock:
            if self._board.history.newest is not None:
                self._draw()

    def _choose(self, person: int | None) -> None:
        self._chosen.choose(person)
        self._looked()

    def _turn(self) -> None:
        self._paused = not self._paused
        self._pause.set_content("Resume" if self._paused else "Pause")
        self._pause.props(f"aria-pressed={str(self._paused).lower()}")

    def _looked(self) -> None:
        """Another time or person is to be shown; also on a page that pauses."""
        with self._board.lock:
            if self._board.history.newest is not None:
                self._drawn_s = 0.0
                self._show()
        self._show_picture()

    def _refresh(self) -> None:
        board = self._board
        if board.run_number != self._run_number:
            self._fill()
        if board.news_number != self._seen_news:
            self._seen_news = board.news_number
            self._show_news()
        if self._paused and not board.ended:
            return
        if board.picture_number != self._seen_picture:
            self._show_picture()
        self._load.show(board.load, board.history.newest, board.load_number)
        if board.version == self._seen:
            return
        self._seen = board.version
        with board.lock:
            self._show()

    def _show_news(self) -> None:
        board = self._board
        self._told.show(board)
        self._now.allow_picture(board.with_picture)
        self._start.show()
        self._changes.show(board.news, board.ended)
        if self._settings is not None:
            self._settings.show(board.news)

    def _show_picture(self) -> None:
        board, at_s = self._board, self._look.at_s
        self._seen_picture = board.picture_number
        with board.lock:
            self._show_faces(self._everyone())
        if at_s is not None:
            with board.lock:
                at_ns = board.album.nearest(board.history.t_ns(at_s))
            self._now.show_picture(None if at_ns is None else f"/picture?at_ns={at_ns}")
        elif board.picture:
            self._now.show_picture(f"/picture?{board.picture_number}")

    def _show(self) -> None:
        board = self._board
        self._chosen.leave_if_forgotten()
        history = self._chosen.history
        if board.ended and not self._over:
            self._over = True
            self._pause.set_visibility(False)
            self._stop.hide()
            self._start.show()
            self._told.show(board)
            self._changes.show(board.news, board.ended)
        self._events.set_content(tables.events(history))
        if history.newest is None:
            self._marks.show(history, board.ended)
            over = "The run has ended without a verdict."
            self._now.say(over if board.ended else "Listening ...")
            return
        everyone = self._everyone()
        several = board.present.several
        self._show_faces(everyone)
        self._people.show(everyone, several, self._chosen.person)
        self._heading.set_content(self._chosen.heading())
        self._show_line(self._chosen.line(everyone))
        # The browser's note that the connection is lost says nothing new then.
        ui.query("body").classes("is-over" if board.leaves else "")
        self._legend.set_content(tables.legend(history))
        self._marks.show(history, board.ended)
        kept = board.kept
        told = tables.kept(len(kept), kept.seen, board.ended, several)
        self._downloads.show(told, self._chosen.person)
        self._drops.set_content(tables.drops(board.drops))
        self._draw()

    def _everyone(self) -> list[Line]:
        """The verdicts of the step that is shown."""
        board, at_s = self._board, self._look.at_s
        then = [] if at_s is None else board.kept.at(board.history.t_ns(at_s))
        return then or board.present.lines

    def _show_faces(self, everyone: list[Line]) -> None:
        board = self._board
        several, person = board.present.several, self._chosen.person
        self._now.show_people(everyone, several, board.frame_size, person)

    def _show_line(self, line: Line | None) -> None:
        """The verdict that the page shows; None: the chosen person is not in the picture."""
        board, several = self._board, self._board.present.several
        over = board.ended and self._look.at_s is None
        if line is None:
            person = self._chosen.person
            assert person is not None
            self._now.show_away(person)
            self._now.say(tables.over(board.leaves) if over else tables.away(person))
            self._facts.set_content("")
            self._words.set_content("")
            self._answer = "not in the picture"
            return
        self._now.show(line, several)
        self._now.say(tables.said(line, over, board.leaves, several))
        self._facts.set_content(tables.streams(line))
        self._words.set_content(tables.words(line))
        self._answer = UNSURE if tables.abstains(line) else shown_answer(line)

    def _draw(self) -> None:
        board, history = self._board, self._chosen.history
        at_s = self._look.at_s
        if at_s is not None and at_s < history.span(self._shows_whole())[0]:
            self._whole = True  # the minute has moved on
        whole = self._shows_whole()
        self._switch.props(f"aria-pressed={str(whole).lower()}")
        begin_s, end_s = history.span(whole)
        if (since_ns := board.kept.since_ns) is not None:
            begin_s = max(begin_s, history.t_s(since_ns))
        self._look.show((begin_s, end_s), history.now_s, history.wall, self._answer)
        now_s = time.monotonic()
        if not whole or board.ended or now_s - self._drawn_s >= WHOLE_RUN_S:
            self._drawn_s = now_s
            options = charts.timeline(history, whole)
            options["series"] += upright(history, whole, at_s, board.ended)
            _put(self._timeline, options)
        if self._latency_open:
            _put(self._latency, latency_chart.latencies(history))
            self._parts.set_content(latency_chart.explained(history))


def _put(chart: ui.echart, options: charts.Options) -> None:
    chart.options.clear()
    chart.options.update(options)
