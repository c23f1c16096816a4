"""The kinds of elements that the parts of the page are made of."""

from __future__ import annotations

from nicegui import ui


def button(text: str) -> ui.html:
    """A native button: Quasar's has no outline for keyboard users."""
    made = ui.html(text, tag="button", sanitize=False).classes("button")
    made.props("type=button")
    return made


def switch(text: str) -> ui.html:
    """A button that is pressed or not."""
    made = button(text)
    made.props("aria-pressed=false")
    return made


def section(title: str) -> ui.element:
    """A card with its title; what is built within `with` is below it."""
    made = ui.element("section").props(f'aria-label="{title}"')
    with made:
        ui.html(title, tag="h2", sanitize=False)
    return made


def chart(height_px: int, alt: str) -> ui.echart:
    """As SVG, so that its text belongs to the page."""
    made = ui.echart({}, renderer="svg").style(f"height: {height_px}px; width: 100%")
    made.props(f'role=img aria-label="{alt}"')
    return made
