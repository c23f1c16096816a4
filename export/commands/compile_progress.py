"""Which graph of how many is compiled, and for how long, on standard error.

In a terminal a line counts the seconds while a graph is compiled; elsewhere each graph begins with
a printed line. TensorRT tells its phases from release 10 on; no other compiler tells any.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text


class CompileProgress:
    """A context manager around the graphs. Main thread; `phase` on the thread that builds."""

    def __init__(self, console: Console) -> None:
        """`console`: on standard error."""
        self._console = console
        self._line: Progress | None = None
        self._graph = ""

    def __enter__(self) -> CompileProgress:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def begin(self, number: int, graphs: int, what: str) -> None:
        """Graph `number` of `graphs`, counted from 1, is compiled now."""
        self.end()
        self._graph = f"{number} of {graphs}: {what}"
        if not self._console.is_terminal:
            self._console.print(Text(f"{self._graph} ..."), soft_wrap=True)
            return
        self._line = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # a file that standard output goes to must get its lines
        )
        self._line.add_task(self._graph, total=None)
        self._line.start()

    def phase(self, phase: str, done: int, steps: int) -> None:
        """The compiler's own phase; see `edge.engines.tensorrt_build.Progress`."""
        line = self._line
        if line is not None:
            told = f"{self._graph}, {phase} {done} of {steps}"
            line.update(line.task_ids[0], description=told)

    def end(self) -> None:
        """Remove the line, so that something else can be printed."""
        if self._line is not None:
            self._line.stop()
            self._line = None
