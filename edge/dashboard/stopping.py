"""The page's button that stops the run, after a question."""

from __future__ import annotations

from nicegui import ui

from edge.dashboard.back import Back
from edge.dashboard.elements import button

DIALOG_ID = "stop-dialog"
DIALOG = f"document.getElementById('{DIALOG_ID}')"
NOT_TAKEN = "The run was not stopped: wait a moment, and try again."


class StopButton:
    """Builds itself into the open element. A page without permission has no button.

    The question is the browser's own dialog: it keeps the focus, and Escape closes it.
    """

    def __init__(self, back: Back) -> None:
        self._back = back
        self._button: ui.html | None = None
        if not back.allowed:
            return
        self._button = button("Stop the run")
        self._button.on("click", js_handler=f"() => {DIALOG}.showModal()")
        with ui.element("dialog").classes("ask") as dialog:
            dialog.props(f"id={DIALOG_ID} aria-labelledby=stop-question")
            ui.html("Stop the run?", tag="h2", sanitize=False).props("id=stop-question")
            self._told = ui.html(tag="p", sanitize=False).classes("said told")
            self._told.props("aria-live=polite")
            with ui.element("div").classes("over"):
                go_on = button("Go on").props("autofocus")
                go_on.on("click", js_handler=f"() => {DIALOG}.close()")
                button("Stop").on("click", self._stop)

    def hide(self) -> None:
        """After the end of the run."""
        if self._button is not None:
            self._button.set_visibility(False)
            ui.run_javascript(f"{DIALOG}?.close()")

    def _stop(self) -> None:
        self._told.set_content("The run is stopping ..." if self._back.stop() else NOT_TAKEN)
