"""The page's list of several people: number, answer and streams of each. One of them is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from edge.annotation.look import person_rgb
from edge.dashboard import tables
from edge.dashboard.elements import button, section, switch
from edge.dashboard.history import Line

NOBODY = "Nobody is in the picture."
AWAY = "<span class=unsure>not in the picture</span>"
HOW = "Choose a face or a row: answer, timeline and words are then those of that person."


class PeoplePart:
    """Builds itself into the open column. It is seen only in a run that has had several people.

    Args:
        choose: Called with the person whose row was clicked; None: of nobody in particular.
    """

    def __init__(self, choose: Callable[[int | None], None]) -> None:
        self._choose = choose
        self._rows: dict[int, _Row] = {}
        self._section = section("People in the picture")
        self._section.set_visibility(False)
        with self._section:
            ui.label(HOW).classes("said")
            self._list = ui.element("ul").classes("people")
            self._list.props('tabindex=0 aria-label="People in the picture, by number"')
            with self._list:
                self._nobody = ui.html(NOBODY, tag="li", sanitize=False).classes("said")
            self._back = button("Back to the first person").on("click", lambda: choose(None))

    def show(self, lines: Sequence[Line], several: bool, chosen: int | None) -> None:
        """Show the verdicts of one step. A row that stays is changed, so it keeps the focus; the
        row of the chosen person stays when they have left."""
        if not several:
            return
        self._section.set_visibility(True)
        self._back.set_visibility(chosen is not None)
        shown: dict[int, Line | None] = {} if chosen is None else {chosen: None}
        shown |= {line["person"]: line for line in lines if line.get("person")}
        self._nobody.set_visibility(not shown)
        for person in self._rows.keys() - shown.keys():
            self._rows.pop(person).item.delete()
        for index, (person, line) in enumerate(sorted(shown.items())):
            if person not in self._rows:
                self._rows[person] = self._row(person)
                self._rows[person].item.move(target_index=index)
            row = self._rows[person]
            row.who.set_content(number(person) + (tables.answer(line) if line else AWAY))
            row.who.props(f"aria-pressed={str(person == chosen).lower()}")
            row.chips.set_content(tables.chips(line) if line else "")

    def _row(self, person: int) -> _Row:
        with self._list, ui.element("li") as item:
            who = switch("").classes("who").on("click", lambda: self._choose(person))
            chips = ui.html(tag="ul", sanitize=False).classes("chips")
        return _Row(item, who, chips)


@dataclass(frozen=True, slots=True)
class _Row:
    item: ui.element
    who: ui.html
    chips: ui.html


def number(person: int) -> str:
    """The person's number in their colour, as in the picture."""
    name = f'role=img aria-label="Person {person}"'
    return f'<span class=person {name} style="background:{person_rgb(person)}">{person}</span>'
