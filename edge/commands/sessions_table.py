"""The table at the end of several sessions: a line each, with why it ended."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from edge.runtime.sessions import Session

HEAD = ("session", "verdicts", "seconds", "dropped", "why it ended")
ON_THE_LEFT = (0, 4)


def drawn(sessions: Sequence[Session]) -> RenderableType:
    """The table for a terminal, which folds long sentences."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(HEAD):
        table.add_column(name, justify="left" if place in ON_THE_LEFT else "right", overflow="fold")
    for session in sessions:
        style = None if session.saved else "red"
        table.add_row(*map(Text, _cells(session)), style=style)
    return table


def lines_of(sessions: Sequence[Session]) -> list[str]:
    """The table as lines. No name and no sentence is cut."""
    rows = [HEAD, *(_cells(session) for session in sessions)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for place, (text, width) in enumerate(zip(row, widths, strict=True)):
            gap = " " * (width - cell_len(text))
            cells.append(text + gap if place in ON_THE_LEFT else gap + text)
        lines.append("  ".join(cells).rstrip())
    return lines


def _cells(session: Session) -> tuple[str, ...]:
    telemetry = session.run.telemetry
    why = " ".join([session.why, *session.lost])
    return (
        session.name,
        str(telemetry.verdicts),
        f"{session.seconds:.1f}",
        str(session.dropped),
        why,
    )
