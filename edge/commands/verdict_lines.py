"""The file of `--jsonl`, which takes no more lines at its limit."""

from __future__ import annotations

from collections.abc import Callable

from edge.runtime.run import Run
from edge.sinks.jsonl import JsonLines


def open_verdict_lines(target: str, limit_mb: float, run: Callable[[], Run]) -> JsonLines:
    """Open `target`, a file or "-", for the verdicts of a run.

    Args:
        run: Gives the run that is told when the file is full; called then.

    Raises:
        SinkError: It cannot be written.
    """

    def full() -> None:
        telemetry = run().telemetry
        telemetry.drop("verdicts", f"{target} is full")
        telemetry.note(
            f"{target} has reached its limit, output.jsonl_max_mb={limit_mb:g}, and takes no more"
            " lines. The run continues.",
            "limit_hit",
            limit="output.jsonl_max_mb",
        )

    return JsonLines(target, max_bytes=limit_mb * 1e6, full=full)
