"""The page's part that sets marks, and lists them."""

from __future__ import annotations

from html import escape

from nicegui import ui
from nicegui.events import GenericEventArguments, KeyEventArguments

from edge.dashboard.back import Back
from edge.dashboard.elements import button
from edge.dashboard.history import History
from edge.recognition.mark import TEXT_LIMIT

SHOWN = 50
"""Of the list, newest first; the downloads have all."""
TEXT_ID = "mark-text"
TAKE = f"const e = document.getElementById('{TEXT_ID}'); const t = e.value; e.value = ''; emit(t)"
"""As JavaScript: emit the text, and empty its field."""
NOT_TAKEN = "The mark was not set: wait a moment, and try again."
NOT_ALLOWED = "This run takes no marks from its page (dashboard.control is false)."


class MarksPart:
    """Field, button and list, built into the open section. A page without permission has the list.

    The key "m" works wherever no text is typed; it can be switched off, since speech input and
    screen readers send single keys, too (WCAG 2.2, 2.1.4).
    """

    def __init__(self, back: Back) -> None:
        self._back = back
        self._ended = False
        self._form: ui.element | None = None
        if back.allowed:
            with ui.element("div").classes("mark-form") as self._form:
                self._build()
        self._told = ui.html(tag="p", sanitize=False).classes("said told")
        self._told.props("aria-live=polite")
        if not back.allowed:
            self._told.set_content(NOT_ALLOWED)
        self._list = ui.html(tag="ol", sanitize=False).classes("events")
        self._list.props('tabindex=0 aria-label="Marks, newest first"')

    def _build(self) -> None:
        text = ui.element("input").classes("field")
        text.props(
            f'id={TEXT_ID} type=text maxlength={TEXT_LIMIT} autocomplete=off aria-label="Text of'
            ' the next mark" placeholder="Text of the mark, or nothing"'
        )
        text.on("keydown.enter", self._set, js_handler=f"() => {{ {TAKE} }}")
        button("Mark (m)").props("aria-keyshortcuts=m").on(
            "click", self._set, js_handler=f"() => {{ {TAKE} }}"
        )
        self._keys = ui.keyboard(self._key, repeating=False, ignore=["input", "textarea", "select"])
        with ui.element("label").classes("said key"):
            key = ui.element("input").props("type=checkbox checked")
            key.on("change", self._switch, js_handler="e => emit(e.target.checked)")
            ui.html("Key m sets a mark", tag="span", sanitize=False)

    def show(self, history: History, ended: bool) -> None:
        """Update the list. After the end no mark can be set."""
        if ended and self._form is not None:
            self._ended = True
            self._form.set_visibility(False)
        newest = list(history.marks)[: -SHOWN - 1 : -1]
        self._list.set_content(
            "".join(
                f"<li>{history.wall.when(mark.t_s)}: {escape(mark.text or 'mark')}</li>"
                for mark in newest
            )
        )

    def _switch(self, event: GenericEventArguments) -> None:
        self._keys.active = bool(event.args)

    def _key(self, event: KeyEventArguments) -> None:
        held = event.modifiers
        if event.action.keydown and event.key == "m" and not (held.ctrl or held.alt or held.meta):
            self._mark("")

    def _set(self, event: GenericEventArguments) -> None:
        self._mark(event.args if isinstance(event.args, str) else "")

    def _mark(self, text: str) -> None:
        if not self._ended:
            self._told.set_content("" if self._back.mark(text) else NOT_TAKEN)
