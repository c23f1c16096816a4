"""The page's list of several people: number, answer and streams of each."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from edge.annotation.look import person_rgb
from edge.dashboard import tables
from edge.dashboard.elements import section
from edge.dashboard.history import Line

NOBODY = "<li class=said>Nobody is in the picture.</li>"


class PeoplePart:
    """Builds itself into the open column. It is seen only in a run that has had several people."""

    def __init__(self) -> None:
        self._section = section("People in the picture")
        self._section.set_visibility(False)
        with self._section:
            self._list = ui.html(tag="ul", sanitize=False).classes("people")
            self._list.props('tabindex=0 aria-label="People in the picture, by number"')

    def show(self, lines: Sequence[Line], several: bool) -> None:
        """Show the verdicts of one step."""
        if several:
            self._section.set_visibility(True)
            self._list.set_content(people(lines))


def people(lines: Sequence[Line]) -> str:
    """A row for each person, as HTML."""
    return "".join(_row(line) for line in lines if line.get("person")) or NOBODY


def _row(line: Line) -> str:
    return (
        f"<li>{number(line)}<span class=who>{tables.answer(line)}</span>"
        f"<ul class=chips>{tables.chips(line)}</ul></li>"
    )


def number(line: Line) -> str:
    """The person's number in their colour, as in the picture."""
    person = line["person"]
    colour = person_rgb(person)
    name = f'role=img aria-label="Person {person}"'
    return f'<span class=person {name} style="background:{colour}">{person}</span>'
