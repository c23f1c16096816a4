"""Each epoch of a trial: a hopeless trial is pruned, and a search whose time is over stops."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from train.epochs import MetricsFile, metrics_of

if TYPE_CHECKING:
    from optuna import Trial

STAGE_STEPS = 1_000_000
"""A later stage's epochs count from here on, so that trials of any length are compared at equal
epochs."""


class TimeIsOverError(Exception):
    """The minutes of the search are used; the trial may be continued."""


class EpochWatch(logging.Handler):
    """Reports the epochs of the stages whose score is the one that is searched."""

    def __init__(self, trial: Trial, stages: dict[str, int], until_s: float) -> None:
        """`stages`: the place of each folder to compare. `until_s`: of `time.monotonic`."""
        super().__init__()
        self._trial, self._stages, self._until_s = trial, stages, until_s

    def emit(self, record: logging.LogRecord) -> None:
        """Raises: TrialPruned; TimeIsOverError. Both pass through the training's log call."""
        from optuna import TrialPruned

        if (metrics := metrics_of(record)) is None:
            return
        if (place := self._stages.get(metrics["stage"])) is not None:
            step = place * STAGE_STEPS + metrics["epoch"]
            self._trial.report(metrics["score"], step)
            if self._trial.should_prune():
                raise TrialPruned
        if time.monotonic() > self._until_s:
            raise TimeIsOverError


@contextmanager
def watched(trial: Trial, stages: dict[str, int], until_s: float, folder: Path) -> Iterator[None]:
    """Meanwhile each epoch is written to `folder`/metrics.jsonl and watched."""
    log = logging.getLogger("train")
    handlers = (MetricsFile(folder), EpochWatch(trial, stages, until_s))
    for handler in handlers:
        log.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            log.removeHandler(handler)
