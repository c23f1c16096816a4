"""A bar for work whose number is known, with the time that is left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def counted(console: Console, unit: str) -> Progress:
    """A bar "WHAT ---- 3/8 UNIT, time left 0:00:12"; nothing where `console` is no terminal.

    Args:
        console: On standard error; lines that it prints appear above the bar.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, time left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=False,  # a file that standard output goes to must get its lines
    )
