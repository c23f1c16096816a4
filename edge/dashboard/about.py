"""The page's part about the program and the model: what an answer means, and light or dark."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from nicegui import ui

from edge.dashboard.scheme import Scheme

GUESS = (
    "An answer is how other people would name what is seen and heard: their guess, not what the"
    " person feels. Tell people that this is used, and ask; some places forbid it, as the European"
    " Union does at work and in schools: docs/responsible-use.md."
)
_HEADING = re.compile(r"^(#{1,4}) ", re.M)


def about_part(about: dict[str, Any], scheme: Scheme) -> None:
    """Build it into the open column, folded away."""
    with ui.element("section").props("aria-label=About"), ui.element("details"):
        with ui.element("summary"):
            ui.html("About", tag="h2", sanitize=False)
        ui.html(GUESS, tag="p", sanitize=False).classes("about")
        program = f"cdat-edge {about.get('version', '')}; model: {about['bundle']}"
        ui.html(escape(program), tag="p", sanitize=False).classes("about")
        with ui.element("label").classes("about"):
            ui.html("Light or dark: ", tag="span", sanitize=False)
            scheme.choice()
        if card := about.get("card"):
            # It comes with the bundle: the browser takes out of it what is not plain text.
            with ui.element("div").classes("card-text") as shown:
                shown.props('tabindex=0 role=region aria-label="Model card"')
                ui.markdown(_below(card), sanitize=True)


def _below(card: str) -> str:
    """Its headings are below that of the part."""
    return _HEADING.sub(lambda found: f"##{found[1]} ", card)
