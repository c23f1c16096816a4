"""The table at the end of a run of several files: a line a file, and a line of totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from edge.commands.tally import Tally

HEAD = ("file", "length", "verdicts", "answer", "share", "conf.")
ANSWER = 3
ON_THE_LEFT = (0, ANSWER)
"""Names and answers begin on the left, figures end on the right."""
NONE = "-"


@dataclass
class Row:
    """One file: its figures, and what went wrong.

    Attributes:
        error: Why it failed; its figures are those of the part before.
        stopped: Whether the run was stopped within it.
        notes: What else there is to know, a sentence each.
    """

    shown: str
    tally: Tally = field(default_factory=Tally)
    error: str | None = None
    stopped: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """What the table says beside the figures."""
        return self.error or ("stopped before its end" if self.stopped else "")


def lines_of(rows: Sequence[Row], streams: Sequence[str], files: int) -> list[str]:
    """The table as lines. No name and no sentence is cut.

    Args:
        streams: Those of the bundle.
        files: How many there were to process.
    """
    cells = _cells(rows, streams, files)
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    told = ["", *(row.told for row in rows), ""]
    lines = []
    for line, extra in zip(cells, told, strict=True):
        padded = [
            text + gap if place in ON_THE_LEFT else gap + text
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
            for gap in [" " * (width - cell_len(text))]
        ]
        lines.append("  ".join([*padded, extra]).rstrip())
    return lines


def drawn(rows: Sequence[Row], streams: Sequence[str], files: int) -> RenderableType:
    """The table for a terminal, which folds long names; below it what failed, a sentence each."""
    head, *lines, total = _cells(rows, streams, files)
    # Narrow, for 80 columns: names and labels of common lengths then need one line.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(head):
        justify: JustifyMethod = "left" if place in ON_THE_LEFT else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=place > 0)
    for row, line in zip(rows, lines, strict=True):
        if row.error is not None and not row.tally.verdicts:
            line[ANSWER] = "failed"
        table.add_row(*map(Text, line), style="red" if row.error is not None else None)
    table.add_row(*map(Text, total), style="bold")
    below = [Text(row.error, "red") for row in rows if row.error is not None]
    below += [Text(f"{row.shown}: {row.told}.") for row in rows if row.error is None and row.told]
    return Group(table, *below)


def _cells(rows: Sequence[Row], streams: Sequence[str], files: int) -> list[list[str]]:
    """The head, a line a file, and the totals."""
    total = Tally()
    for row in rows:
        total.include(row.tally)
    failed = sum(row.error is not None for row in rows)
    of = "1 file" if files == 1 else f"{files} files"
    name = f"{of if len(rows) == files else f'{len(rows)} of {of}'}, {failed} failed"
    return [
        [*HEAD, *streams],
        *([row.shown, *_figures(row.tally, streams)] for row in rows),
        [name, *_figures(total, streams)],
    ]


def _figures(tally: Tally, streams: Sequence[str]) -> list[str]:
    if not tally.verdicts:
        return [NONE] * (len(HEAD) - 1 + len(streams))
    answer, share = NONE, NONE
    if tally.value is not None and tally.number is not None:
        answer = f"{tally.number.name} {tally.value:.4g} {tally.number.unit}".rstrip()
    elif tally.label is not None:
        answer, share = tally.label[0], f"{tally.label[1]:.0%}"
    sure = NONE if tally.confidence is None else f"{tally.confidence:.2f}"
    used = (tally.used(stream) for stream in streams)
    shares = [NONE if one is None else f"{one:.0%}" for one in used]
    return [f"{tally.length_s:.1f} s", str(tally.verdicts), answer, share, sure, *shares]
