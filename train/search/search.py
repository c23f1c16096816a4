"""The search: trials in a database in the run folder, continued where an earlier call stopped."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import ConfigError, DataError, EdgeError
from train.cache import digest
from train.search.scored_run import ScoredRun, score_of
from train.search.space import Keys, Space, suggest, with_values
from train.search.watched import TimeIsOverError, watched

if TYPE_CHECKING:
    from optuna import Study, Trial

log = logging.getLogger("train")

STORAGE_NAME = "search.db"
STUDY = "cdat-train search"
FIRST_RANDOM = 5
"""Trials that are drawn at random, and not pruned, before the others learn from them."""


@dataclass(frozen=True)
class Budget:
    """Trials in all, those of earlier calls included, and minutes of this call."""

    trials: int
    minutes: float


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        keys: The configuration, without the section `search`.
        stage: The one whose validation score counts.
        folder: Holds the database, and a folder for each trial.
    """

    run: ScoredRun
    keys: Keys
    space: Space
    stage: str
    seed: int
    folder: Path

    def identity(self) -> str:
        """Digest of all that makes the trials of two calls comparable."""
        space = {key: one.model_dump() for key, one in self.space.items()}
        return digest("search", 1, self.keys, space, self.stage, self.seed, self.run.data)


@contextmanager
def stored(path: Path, *others: type[Exception]) -> Iterator[None]:
    """For work with the database. Raises: DataError, if it cannot be read or written, and in place
    of `others`."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    failures: tuple[type[Exception], ...] = (SQLAlchemyError, StorageInternalError, *others)
    try:
        yield
    except failures as error:
        first = str(error.__cause__ or error).splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} is not the database of a search, or is damaged ({first}): remove it, or give"
            " another folder with --out."
        ) from None


def open_study(search: Search) -> Study:
    """The study of the folder, new or of an earlier call.

    Raises:
        DataError: The database is damaged.
        ConfigError: It is of another search.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search.folder.mkdir(parents=True, exist_ok=True)
    path = search.folder / STORAGE_NAME
    # Optuna raises these for the database of another version of it.
    with stored(path, RuntimeError, AssertionError):
        study = optuna.create_study(
            storage=f"sqlite:///{path.absolute()}",
            study_name=STUDY,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(FIRST_RANDOM),
        )
        theirs = study.user_attrs.get("identity")
        others = len(study.get_trials(deepcopy=False))
    if theirs is None and not others:
        study.set_user_attr("identity", search.identity())
    elif theirs != search.identity():
        raise ConfigError(
            f"{path} is of a search with another configuration, data, stage or section 'search':"
            " give another folder with --out."
        )
    return study


def run_search(search: Search, study: Study, budget: Budget) -> None:
    """Run trials until the budget is used.

    A trial that an earlier call left unfinished is continued after its last complete epoch.

    Raises:
        EdgeError: No trial could be trained; the message is the last one's.
    """
    from optuna.trial import TrialState

    until_s = time.monotonic() + 60 * budget.minutes
    for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(one.number, state=TrialState.FAIL)
        study.enqueue_trial(one.params)
    last: EdgeError | None = None
    while (done := finished(study)) < budget.trials:
        if time.monotonic() > until_s:
            log.info("search: the %g minutes are over", budget.minutes)
            break
        try:
            _one_trial(search, study, until_s, f"trial {done + 1} of {budget.trials}")
        except TimeIsOverError:
            continue
        except (ConfigError, DataError) as error:
            log.info("search: a trial failed: %s", error)
            last = error
    if last is not None and not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise last


def finished(study: Study) -> int:
    """Trials that ended by themselves, complete, pruned or with values that cannot be trained."""
    from optuna.trial import TrialState

    return sum(
        one.state in (TrialState.COMPLETE, TrialState.PRUNED) or "failed" in one.user_attrs
        for one in study.get_trials(deepcopy=False)
    )


def _one_trial(search: Search, study: Study, until_s: float, name: str) -> None:
    from optuna import TrialPruned
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    # Seeded anew for each trial, so that a search that was stopped draws what a whole one does.
    number = finished(study)
    study.sampler = TPESampler(n_startup_trials=FIRST_RANDOM, seed=search.seed * 100_003 + number)
    trial = study.ask()
    values = suggest(trial, search.space)
    log.info("search: %s: %s", name, "  ".join(f"{k}={_short(v)}" for k, v in values.items()))
    try:
        score = _trained(search, trial, values, until_s)
    except TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
        log.info("search: %s: pruned", name)
    except TimeIsOverError:
        study.tell(trial, state=TrialState.FAIL)
        study.enqueue_trial(values)
        raise
    except (ConfigError, DataError) as error:
        trial.set_user_attr("failed", str(error))
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, score)
        log.info("search: %s: score %.4f", name, score)


def _trained(search: Search, trial: Trial, values: dict[str, Any], until_s: float) -> float:
    folder = search.folder / "trials" / digest(values)
    folder.mkdir(parents=True, exist_ok=True)
    trial.set_user_attr("folder", str(folder.relative_to(search.folder)))
    names = list(search.run.stages)
    compared = [n for n in names if n == search.stage or _alike(n, search.stage)]
    stages = {search.run.folders[n]: names.index(n) for n in compared}
    with watched(trial, stages, until_s, folder):
        search.run.train(with_values(search.keys, values), folder, search.stage)
    score = score_of(search.run, folder, search.stage)
    if math.isnan(score):
        raise DataError(f"the score of {search.stage} is not a number")
    return score


def _alike(one: str, other: str) -> bool:
    """Whether two stages have the same score: all but ConfidNet's answer the task."""
    return not {one, other} & {"confide", "confidence"}


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
