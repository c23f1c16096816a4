"""The page's part with the settings that change at once, while the run goes on."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from edge.dashboard.back import Back
from edge.recognition.adjustment import ABSTAIN_BELOW, SMOOTHING, STREAM

SWITCHES = {
    f"{STREAM}vision": "Use the camera",
    f"{STREAM}audio": "Use the microphone",
    f"{STREAM}text": "Use the words",
}
NUMBERS = {
    ABSTAIN_BELOW: ("Unsure below this confidence", 0.0),
    SMOOTHING: ("Weight of the newest step (1: no smoothing)", 0.05),
}
"""The name of each, and its lowest value; the highest is 1."""
NOT_CHANGED = "Nothing was changed: wait a moment, and try again."


class ChangesPart:
    """Builds itself into the open column. A page without permission, and one of a run that has
    ended, has nothing. All pages show what is in use."""

    def __init__(self, back: Back) -> None:
        self._back = back
        self._seen: Any = None
        self._made: dict[str, ui.element] = {}
        self._part: ui.element | None = None
        if not back.allowed:
            return
        with ui.element("section").props('aria-label="Change now"') as self._part:
            details = ui.element("details")
            with details:
                with ui.element("summary"):
                    ui.html("Change now", tag="h2", sanitize=False)
                self._fields = ui.element("div").classes("fields")
                self._said = ui.label("").classes("said told").props("aria-live=polite")

    def show(self, news: dict[str, Any], ended: bool) -> None:
        """Show what is in use, and why a change was refused."""
        if self._part is None:
            return
        self._part.set_visibility(not ended)
        present = news.get("present")
        if present is None or news["changes"] == self._seen:
            return
        self._seen = news["changes"]
        self._said.set_text(news["change_said"])
        if present.keys() != self._made.keys():
            self._build(present)
        for key, value in present.items():  # in place: who is here keeps the focus
            _put(self._made[key], value)

    def _build(self, present: dict[str, Any]) -> None:
        self._fields.clear()
        self._made = {}
        with self._fields:
            for key, name in SWITCHES.items():
                if key in present:
                    with ui.element("label").classes("key"):
                        made = ui.element("input").props("type=checkbox")
                        made.props["checked"] = present[key]
                        ui.label(name)
                    self._asks(made, key, "e => emit(e.target.checked)")
            for key, (name, low) in NUMBERS.items():
                with ui.element("label"):
                    ui.label(name)
                    made = ui.element("input").classes("field")
                    made.props(f"type=number step=any min={low} max=1")
                self._asks(made, key, "e => emit(e.target.valueAsNumber)")

    def _asks(self, field: ui.element, key: str, read: str) -> None:
        self._made[key] = field

        def changed(event: GenericEventArguments) -> None:
            if not self._back.change(key, event.args):
                self._said.set_text(NOT_CHANGED)

        field.on("change", changed, js_handler=read)


def _put(field: ui.element, value: Any) -> None:
    # Not by its props: those that are as before are not sent, and what was refused would stay.
    part = "checked" if isinstance(value, bool) else "value"
    # A field that was just built is on the page in a moment.
    put = f"if (e) e.{part} = {json.dumps(value)}; else if (n) setTimeout(put, 50, n - 1);"
    find = f"const e = getHtmlElement({field.id});"
    ui.run_javascript(f"const put = n => {{ {find} {put} }}; put(20);")
