"""The page's part with the devices and settings that another run may begin with."""

from __future__ import annotations

from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from edge.dashboard.back import Back
from edge.dashboard.board import Board
from edge.dashboard.elements import button
from edge.dashboard.starting import NOT_TAKEN, STARTING, Told, sentence

TEXT_LIMIT = 40
LOOKING = "Looking for devices ..."
NOT_LOOKED = "Devices were not looked for: wait a moment, and try again."
NOT_SHOWN = "The picture was not switched: wait a moment, and try again."
TAKES_EFFECT = "Takes effect at a new start, which ends the present run and begins another one:"


class SettingsPart:
    """Builds itself into the open column, folded away. A page without permission has nothing.

    The fields are those that the run offers, which also checks what comes back.

    Args:
        opened: Whether it is open from the beginning.
    """

    def __init__(self, board: Board, back: Back, told: Told, opened: bool) -> None:
        self._board, self._back, self._told = board, back, told
        self.opened = opened
        self._seen: Any = None
        self._offered: Any = None
        self._listed = ""
        self._choice: dict[str, Any] = {}
        if not back.allowed:
            return
        with ui.element("section").props('aria-label="Devices and settings"'):
            with ui.element("details") as details:
                if opened:
                    details.props("open")
                with ui.element("summary"):
                    ui.html("Devices and settings", tag="h2", sanitize=False)
                self._picture()
                ui.label(TAKES_EFFECT).classes("about")
                self._fields = ui.element("div").classes("fields")
                with ui.element("div").classes("mark-form"):
                    button("Start with these").on("click", self._start)
                    button("Look for devices").on("click", self._look)
                # The same as at the head of the page, which is read aloud, and may be out of sight.
                self._refused = ui.label("").classes("about")
                self._notes = ui.label("").classes("said told").props("aria-live=polite")
            details.on("toggle", self._fold, js_handler="event => emit(event.target.open)")
        if opened:
            self._look()

    def _picture(self) -> None:
        if not self._board.may_have_picture:
            return
        with ui.element("label").classes("said key"):
            shown = ui.element("input").props("type=checkbox")
            if self._board.with_picture:
                shown.props("checked")
            shown.on("change", self._show_picture, js_handler="e => emit(e.target.checked)")
            ui.label("Show the picture (at once, on every page)")

    def _show_picture(self, event: GenericEventArguments) -> None:
        if not self._back.show_picture(bool(event.args)):
            self._notes.set_text(NOT_SHOWN)

    def _fold(self, event: GenericEventArguments) -> None:
        self.opened = bool(event.args)
        if self.opened:
            self._look()

    def _look(self) -> None:
        if self._back.look():
            self._listed = LOOKING
            self._notes.set_text(LOOKING)
        else:
            self._notes.set_text(NOT_LOOKED)

    def _start(self) -> None:
        self._told.say(STARTING if self._back.start(self._choice) else NOT_TAKEN)

    def show(self, news: dict[str, Any]) -> None:
        """Update the fields when the run offers others. What was chosen here stays: another visitor
        may have looked for devices."""
        if not self._back.allowed:
            return
        self._refused.set_text(sentence(news))
        if (listed := LOOKING if news.get("listing") else news.get("listed", "")) != self._listed:
            self._listed = listed
            self._notes.set_text(listed)
        offer = news.get("offer")
        if offer is None or offer["number"] == self._seen:
            return
        self._seen = offer["number"]
        if offer["fields"] == self._offered:  # who is choosing now is not disturbed
            return
        self._offered = offer["fields"]
        self._fields.clear()
        with self._fields:
            for one in offer["fields"]:
                with ui.element("label"):
                    ui.label(one["name"])
                    self._field(one)

    def _field(self, one: dict[str, Any]) -> None:
        present = self._choice.get(one["key"], one["value"])
        if "options" in one:
            if present not in [value for value, _ in one["options"]]:  # it was unplugged
                del self._choice[one["key"]]
                present = one["value"]
            made = ui.element("select").classes("field")
            with made:
                for value, name in one["options"]:
                    option = ui.html(escape(name), tag="option", sanitize=False)
                    option.props(f"value={value}" + (" selected" * (value == present)))
        else:
            made = ui.element("input").classes("field")
            low, high = one["limits"]
            made.props(f"type=number step=any min={low} max={high} value={present}")

        made.props(f'aria-label="{one["name"]}"')

        def changed(event: GenericEventArguments) -> None:
            self._choice[one["key"]] = _value(event.args)

        made.on("input", changed, js_handler="e => emit(e.target.value)")


def _value(given: Any) -> Any:
    """The number that was typed, or the text that is none: the run says what is wrong with it."""
    text = str(given)[:TEXT_LIMIT]
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text
