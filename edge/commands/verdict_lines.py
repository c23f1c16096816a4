"""The file of `--jsonl`, which takes no more lines at its limit, or while its disk is full."""

from __future__ import annotations

from collections.abc import Callable

from edge.runtime.run import Run
from edge.sinks.jsonl import JsonLines


def open_verdict_lines(target: str, limit_mb: float, run: Callable[[], Run]) -> JsonLines:
    """Open `target`, a file or "-", for the verdicts of a run.

    A live run goes on when the file takes a line no more, and tries it with the next one: the disk
    may have room again. A run of a file at full speed fails, because it can be repeated.

    Args:
        run: Gives the run that is told of lines that are lost; called then.

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

    def goes_on(error: OSError) -> bool:
        if run().offline:
            return False
        telemetry = run().telemetry
        telemetry.drop("verdicts", f"{target}: {error.strerror}")
        telemetry.note(
            f"{target} could not be written ({error.strerror}): lines are lost until it can be"
            " again. The run continues.",
            "sink_failed",
            sink=target,
        )
        return True

    return JsonLines(target, max_bytes=limit_mb * 1e6, full=full, goes_on=goes_on)
