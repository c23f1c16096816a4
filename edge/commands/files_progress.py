"""How far a run of several files is: a bar with the time left in a terminal, else a line a file."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from edge.commands.files_table import Row

SPEED_OVER_S = 600.0
"""The time left is estimated from so much of the past: files differ in length."""


class FilesProgress:
    """A context manager around the files. Main thread."""

    def __init__(self, console: Console, files: int, bar: bool) -> None:
        """`bar`: whether a bar is drawn, which needs a terminal."""
        self._console, self._files, self._done = console, files, 0
        self._bar: Progress | None = None
        if bar:
            self._bar = Progress(
                TextColumn("{task.fields[done]}/{task.fields[files]} files", markup=False),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.description}", markup=False),
                console=console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                speed_estimate_period=SPEED_OVER_S,
            )
            self._task = self._bar.add_task("", total=float(files), done=0, files=files)
        self._opened = ExitStack()

    def __enter__(self) -> FilesProgress:
        if self._bar is not None:
            self._opened.enter_context(self._bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()

    def within(self, shown: str, part: float) -> None:
        """The file `shown` is processed, up to this part of it, 0 to 1."""
        if self._bar is not None:
            done = self._done + min(1.0, part)
            self._bar.update(self._task, completed=done, description=shown)

    def finished(self, row: Row) -> None:
        """The file is done: tell its notes, and without a bar its outcome."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=float(self._done), done=self._done)
        else:
            verdicts = "1 verdict" if row.tally.verdicts == 1 else f"{row.tally.verdicts} verdicts"
            outcome = row.told or verdicts
            self._say(f"{self._done}/{self._files} {row.shown}: {outcome}")
        for note in row.notes:
            self._say(f"note: {note}", "yellow")

    def _say(self, sentence: str, style: str = "") -> None:
        self._console.print(Text(sentence, style), soft_wrap=True)
