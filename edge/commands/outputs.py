"""The outputs of a run with a screen, each on a thread of its own; and what they lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console

from edge.recognition.verdict import Verdict
from edge.runtime.run import Run
from edge.sinks import Sink
from edge.sinks.first_person import FirstPerson
from edge.sinks.output_thread import OutputThread

TABLE = "the table"
SAY_S = 0.75
"""A terminal that has not taken the last sentences after this time is not read any more."""


class Outputs:
    """Hands each verdict to every output. Those of a file at full speed lose nothing."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._all: list[OutputThread[Verdict]] = []
        self._writes: list[Callable[[Verdict], None]] = []
        self.abandoned: set[str] = set()
        """The names of the outputs that hung at the end."""

    def add(self, name: str, make: Callable[[], Sink], everyone: bool = False) -> None:
        """An output that people know as `name`; `make` is called on its thread.

        Args:
            everyone: With `--people` it takes the verdicts of all, not only of the first person.
        """
        run = self._run
        output = OutputThread(name, make, lossless=run.offline, stopped=lambda: run.stopped)
        self._all.append(output)
        self._writes.append(output.write if everyone else FirstPerson(output.write).write)

    def write(self, verdict: Verdict) -> None:
        """Raises SinkError when an output cannot write any more."""
        for write in self._writes:
            write(verdict)

    def close(self) -> None:
        """End all at once, count and note what they lost, raise the first failure. Idempotent."""
        outputs, self._all, self._writes = self._all, [], []
        for output in outputs:
            output.end()
        failure: BaseException | None = None
        for output in outputs:
            try:
                output.close()
            except Exception as error:
                failure = failure or error
            else:
                self._account(output)
        if failure is not None:
            raise failure

    def _account(self, output: OutputThread[Verdict]) -> None:
        telemetry = self._run.telemetry
        if output.lost:
            cause = "has failed" if output.failed else "is too slow"
            cause = "is not read" if output.abandoned else cause
            telemetry.drop("verdicts", f"{output.name} {cause}", output.lost)
        if output.abandoned:
            self.abandoned.add(output.name)
            sentence = f"{output.name} takes no more: it was abandoned."
            telemetry.note(sentence, "sink_abandoned", sink=output.name)


class Said:
    """Prints sentences for people on a thread of its own, which a stopped terminal stops alone.
    One that fails, such as a file on a full disk, stops nothing either: `close` raises."""

    def __init__(self, console: Console) -> None:
        self._thread = OutputThread[tuple[Any, str | None]](
            "the terminal", lambda: _Printer(console), grace_s=SAY_S
        )
        self._failure: OSError | None = None

    def __call__(self, what: Any, style: str | None = None) -> None:
        """Print `what`, a sentence or anything else that rich can print."""
        try:
            self._thread.write((what, style))
        except OSError as error:
            self._failure = error

    def close(self) -> None:
        """Wait until all is printed, or until the terminal hangs. Idempotent.

        Raises:
            OSError: Something could not be printed; once.
        """
        self._thread.close()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @property
    def abandoned(self) -> bool:
        """Whether the terminal hung."""
        return self._thread.abandoned


class _Printer:
    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, item: tuple[Any, str | None], /) -> None:
        self._console.print(item[0], style=item[1], soft_wrap=True)

    def close(self) -> None:
        """Nothing is held."""
