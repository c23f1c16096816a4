"""The page's part with the picture, what is used, and the answer: of now, or of an earlier time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from edge.dashboard import tables
from edge.dashboard.elements import section
from edge.dashboard.faces import FacesPart
from edge.dashboard.history import Line
from edge.dashboard.people import AWAY, number

PICTURE_ALT = "The newest picture; a green box marks the tracked face."
PEOPLE_ALT = "The newest picture; each face has a box with number and answer. They are listed, too."
NO_PICTURE = "The picture is switched off, or only shown on the computer of the camera."
NOT_KEPT = "No picture is kept of that time (dashboard.keep_pictures_mb)."


class NowPart:
    """Builds itself into the open column.

    Args:
        choose: Called with the person whose face in the picture was clicked.
    """

    def __init__(self, with_picture: bool, choose: Callable[[int], None]) -> None:
        self._picture: ui.interactive_image | None = None
        self._source = ""
        self._allowed, self._is_of_several = True, False
        with section("Now").classes("now"):
            with ui.element("div").classes("seen"):
                if with_picture:
                    with ui.element("div").classes("stage") as self._stage:
                        # The name is on the frame: NiceGUI gives the picture within it none.
                        self._frame = ui.element("div")
                        self._frame.props(f'role=img aria-label="{PICTURE_ALT}"')
                        with self._frame:
                            self._picture = ui.interactive_image().classes("picture")
                            self._picture.props("aria-hidden=true")
                        self._faces = FacesPart(choose)
                self._without = ui.label(NO_PICTURE).classes("said")
                self._without.set_visibility(not with_picture)
                self._chips = ui.html(tag="ul", sanitize=False).classes("chips")
                self._chips.props('aria-label="What is used"')
            with ui.element("div"):
                self._label = ui.html(tag="p", sanitize=False).classes("label")
                # Read aloud when it changes; the bars change five times a second and are not read.
                self._status = ui.html(tag="p", sanitize=False).classes("said")
                self._status.props("role=status aria-live=polite")
                self._scores = ui.html(sanitize=False)

    def say(self, sentence: str) -> None:
        """For screen readers, too; the same again is not repeated."""
        if self._status.content != sentence:
            self._status.set_content(sentence)

    def allow_picture(self, allowed: bool) -> None:
        """Whether the picture is shown at all."""
        if self._picture is None or allowed == self._allowed:
            return
        self._allowed = allowed
        self._source = ""
        self._stage.set_visibility(allowed)
        self._without.set_text(NO_PICTURE)
        self._without.set_visibility(not allowed)

    def show_picture(self, source: str | None) -> None:
        """Show the picture at this address; None: none is kept of the time that is shown."""
        if self._picture is None or not self._allowed or source == self._source:
            return
        self._source = source or ""
        self._stage.set_visibility(source is not None)
        self._without.set_text(NOT_KEPT)
        self._without.set_visibility(source is None)
        if source is not None:
            self._picture.set_source(source)

    def show(self, line: Line, several: bool) -> None:
        """Show what a verdict says; `several`: of one among several people, so whose it is."""
        whose = number(line["person"]) if several and line.get("person") else ""
        self._label.set_content(whose + tables.answer(line))
        self._chips.set_content(tables.chips(line))
        self._scores.set_content(tables.scores(line))

    def show_away(self, person: int) -> None:
        """The chosen person is not in the picture."""
        self._label.set_content(number(person) + AWAY)
        self._chips.set_content("")
        self._scores.set_content("")

    def show_people(
        self,
        everyone: Sequence[Line],
        several: bool,
        size: tuple[int, int] | None,
        chosen: int | None,
    ) -> None:
        """Mark in the picture what the verdicts of all say.

        Args:
            several: Whether the run has had several people: then each can be chosen.
            size: Width and height of the frame, in whose pixels their boxes are, if one has come.
        """
        if self._picture is None:
            return
        if several and not self._is_of_several:
            self._is_of_several = True
            self._frame.props(f'aria-label="{PEOPLE_ALT}"')
        dropped = bool(everyone) and all(tables.is_dropped(one, "vision") for one in everyone)
        self._picture.classes(
            add="is-dropped" if dropped else "", remove="" if dropped else "is-dropped"
        )
        if several and size is not None:
            self._faces.show(everyone, size, chosen)
