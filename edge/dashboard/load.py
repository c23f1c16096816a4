"""The page's part with the sound level, the pictures a second and the processors' work."""

from __future__ import annotations

from html import escape
from typing import Any

from nicegui import ui

from edge.dashboard.elements import section
from edge.dashboard.history import Line

LOWEST_DBFS = -60.0
"""Left end of the meter: a quiet room."""
TITLE = "Level and load"


class LoadPart:
    """Builds itself into the open column."""

    def __init__(self) -> None:
        self._seen = -1
        self._section = section(TITLE)
        with self._section:
            # Read aloud when it changes; the numbers are not.
            self._busy = ui.html(tag="p", sanitize=False).classes("said told busy")
            self._busy.props("aria-live=polite")
            self._level = ui.html(sanitize=False)
            self._rows = ui.html(sanitize=False)
        self._section.set_visibility(False)

    def show(self, load: dict[str, Any] | None, line: Line | None, number: int) -> None:
        """Show reading `number`; None, as of a file at full speed: nothing is there."""
        if number == self._seen:
            return
        self._seen = number
        self._section.set_visibility(load is not None)
        if load is None:
            return
        self._busy.set_content(busy(load))
        self._level.set_content(level(load))
        self._rows.set_content(rows(load, None if line is None else line["faces"]))


def busy(load: dict[str, Any]) -> str:
    """A sentence if anything is lost because the machine is too slow; else nothing."""
    said = load["too_busy"]
    return escape(f"This machine is too busy: {'; '.join(said)}.") if said else ""


def level(load: dict[str, Any]) -> str:
    """The microphone's level as a bar and in dBFS."""
    dbfs = load["level_dbfs"]
    if dbfs is None:
        return ""
    share = min(1.0, max(0.0, 1 - dbfs / LOWEST_DBFS))
    clipped = ' <strong class="dropped">clipped</strong>' if load["clipped"] else ""
    return (
        '<table class=facts aria-label="Sound"><tbody><tr><th scope=row>microphone</th>'
        f'<td width="50%"><meter min=0 max=1 value={share:.2f} aria-label="Sound level"></meter>'
        f"</td><td class=n>{dbfs:.0f} dBFS{clipped}</td></tr></tbody></table>"
    )


def rows(load: dict[str, Any], faces: int | None) -> str:
    """Pictures, faces and processors, as far as they are known."""
    seen, used = load["frames_seen_hz"], load["frames_used_hz"]
    run, machine, processors = load["cpu_run"], load["cpu_machine"], load["processors"]
    facts = {
        "pictures a second": None if seen is None else f"{seen:.0f}, {used:.0f} looked at",
        "faces": None if faces is None else str(faces),
        "this run": None if run is None else f"{run:.1f} of {processors} processors",
        "this machine": None if machine is None else f"{machine:.0%} busy",
    }
    shown = "".join(
        f"<tr><th scope=row>{name}</th><td class=n>{value}</td></tr>"
        for name, value in facts.items()
        if value is not None
    )
    return (
        f'<table class=facts aria-label="{TITLE}"><tbody>{shown}</tbody></table>' if shown else ""
    )
