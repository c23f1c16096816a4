"""Light or dark, as the visitor chose: their browser keeps it in a cookie."""

from __future__ import annotations

from nicegui import ui
from nicegui.events import GenericEventArguments

COOKIE = "cdat-edge-scheme"
SCHEMES = {"system": None, "light": False, "dark": True}
SHOWN = {"system": "as the system", "light": "light", "dark": "dark"}
KEEP_S = 365 * 86400
CHOSEN = f"""e => {{
  document.cookie = '{COOKIE}=' + e.target.value + '; path=/; max-age={KEEP_S}; samesite=strict';
  emit(e.target.value);
}}"""


class Scheme:
    """Of one open page; it holds for all runs that the page shows.

    Args:
        kept: What the visitor's cookie says; None: there is none.
    """

    def __init__(self, kept: str | None) -> None:
        self._name = kept if kept in SCHEMES else "system"
        self._dark = ui.dark_mode(SCHEMES[self._name])

    def choice(self) -> None:
        """Build the list to choose from into the open element."""
        with ui.element("select").classes("field") as made:
            made.on("change", self._choose, js_handler=CHOSEN)
            for name, shown in SHOWN.items():
                option = ui.html(shown, tag="option", sanitize=False).props(f"value={name}")
                if name == self._name:
                    option.props("selected")

    def _choose(self, event: GenericEventArguments) -> None:
        if event.args in SCHEMES:
            self._name = event.args
            self._dark.set_value(SCHEMES[self._name])
