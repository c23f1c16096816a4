"""The buttons on the faces in the page's picture: each chooses whose history the page shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from edge.dashboard.history import Line


class FacesPart:
    """Builds itself into the open element, over the picture. Boxes and numbers are drawn in the
    picture itself.

    Args:
        choose: Called with the person whose face was clicked.
    """

    def __init__(self, choose: Callable[[int], None]) -> None:
        self._choose = choose
        self._buttons: dict[int, ui.element] = {}
        self._over = ui.element("div").classes("faces")
        self._over.props('role=group aria-label="Faces in the picture"')

    def show(self, lines: Sequence[Line], size: tuple[int, int], chosen: int | None) -> None:
        """Put a button on each face; one that stays is moved, so a click on it is not lost.

        Args:
            size: Width and height of the frame, in whose pixels the boxes are.
        """
        styles = {
            line["person"]: place(line["face_box"], size)
            for line in lines
            if line.get("person") and line["face_box"]
        }
        for person in self._buttons.keys() - styles.keys():
            self._buttons.pop(person).delete()
        for person, style in styles.items():
            if person not in self._buttons:
                self._buttons[person] = self._button(person)
            button = self._buttons[person].style(replace=style)
            button.props(f"aria-pressed={str(person == chosen).lower()}")

    def _button(self, person: int) -> ui.element:
        with self._over:
            button = ui.element("button").props(f'type=button aria-label="Person {person}"')
            # By the keyboard the rows of the list are chosen, which do not go when a face turns.
            button.props("tabindex=-1")
        return button.on("click", lambda: self._choose(person))


def place(box: Sequence[int], size: tuple[int, int]) -> str:
    """Where a box is, as CSS: in shares of the picture, and within it."""
    (x, y, width, height), (wide, high) = box, size
    left, right = (min(1.0, max(0.0, px / wide)) for px in (x, x + width))
    top, bottom = (min(1.0, max(0.0, px / high)) for px in (y, y + height))
    return (
        f"left: {left:.1%}; top: {top:.1%}; width: {right - left:.1%}; height: {bottom - top:.1%}"
    )
