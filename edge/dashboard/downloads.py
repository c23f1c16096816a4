"""The links to what has been recognised: as a table, as lines, and of the run before."""

from __future__ import annotations

from nicegui import ui

from edge.dashboard import tables
from edge.dashboard.timeline_picture import picture_button

TABLE = "Table (CSV)"


class DownloadsPart:
    """Builds itself into the open section.

    Args:
        timeline: Can be downloaded as a picture.
        has_former: There was a run before this one, with verdicts.
    """

    def __init__(self, timeline: ui.echart, has_former: bool) -> None:
        with ui.element("p").classes("said downloads"):
            # Changed in place: a link that is replaced loses the focus, and the click on it.
            self._table = ui.html(TABLE, tag="a", sanitize=False)
            self._table.props('href="/verdicts.csv" download="verdicts.csv"')
            ui.html(tables.JSON_LINES, tag="span", sanitize=False)
            picture_button(timeline)
            self._kept = ui.html(tag="span", sanitize=False)
        if has_former:
            with ui.element("p").classes("said downloads"):
                ui.html(tables.FORMER_DOWNLOADS, tag="span", sanitize=False)

    def show(self, kept: str, person: int | None) -> None:
        """Say how many verdicts are kept, and offer the table of the chosen person; None: of the
        first one of each step."""
        self._kept.set_content(kept)
        of_one = "" if person is None else f" of person {person}"
        if self._table.content != (text := f"{TABLE}{of_one}"):
            name = "verdicts.csv" if person is None else f"verdicts-person-{person}.csv"
            asked = "" if person is None else f"?person={person}"
            self._table.props(f'href="/verdicts.csv{asked}" download="{name}"')
            self._table.set_content(text)
