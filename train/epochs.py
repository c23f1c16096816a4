"""What each epoch measured, beside the log: a file of JSON lines, and TensorBoard.

`train.loop` adds the numbers of an epoch to its log record; these handlers take them from there.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.errors import EdgeError

METRICS_NAME = "metrics.jsonl"
BOARD_NAME = "tensorboard"
_KEY = "epoch_metrics"


def told(stage: str, epoch: int, **metrics: float) -> dict[str, Any]:
    """For the `extra` of a log record: one epoch of a stage, and its metrics by name."""
    return {_KEY: {"stage": stage, "epoch": epoch, **metrics}}


def metrics_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """What `told` added to a record."""
    return getattr(record, _KEY, None)


class MetricsFile(logging.Handler):
    """Appends one JSON line an epoch to a run's `metrics.jsonl`."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._path = (run / METRICS_NAME).absolute()

    def emit(self, record: logging.LogRecord) -> None:
        if (metrics := metrics_of(record)) is None:
            return
        # A full disk stops the checkpoint, which says so; the curves are not worth a run.
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")


class Board(logging.Handler):
    """Writes each epoch to `tensorboard/` of a run, for `tensorboard --logdir RUN`."""

    def __init__(self, run: Path) -> None:
        """Raises: EdgeError, without the package tensorboard."""
        super().__init__()
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise EdgeError(
                "--tensorboard needs the package tensorboard: pip install 'cdat-edge[tensorboard]'."
            ) from None
        self._writer: Any = SummaryWriter(run / BOARD_NAME)

    def emit(self, record: logging.LogRecord) -> None:
        if (metrics := metrics_of(record)) is None:
            return
        for name in metrics.keys() - {"stage", "epoch"}:
            self._writer.add_scalar(f"{metrics['stage']}/{name}", metrics[name], metrics["epoch"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
        super().close()


def read_metrics(run: Path) -> dict[str, list[dict[str, Any]]]:
    """The epochs of each stage, in order; of an epoch that was trained twice, the last.

    Returns:
        Nothing for a run without `metrics.jsonl`. A line that a kill has torn is left out.
    """
    path = run / METRICS_NAME
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        found.setdefault(one["stage"], {})[one["epoch"]] = one
    return {stage: [by[epoch] for epoch in sorted(by)] for stage, by in found.items()}
