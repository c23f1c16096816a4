"""What is searched: keys of the configuration, each with a range or with choices."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from edge.errors import ConfigError
from train.config import SearchRange

if TYPE_CHECKING:
    from optuna import Trial

Space = dict[str, SearchRange]
Keys = dict[str, Any]
"""A configuration as plain data, nested as in its file."""


def check_space(space: Space, config: Keys, sections: Iterable[str], stage: str) -> None:
    """Check that each key can be searched.

    Args:
        config: with its defaults filled in.
        sections: those on which the score of `stage` depends.

    Raises:
        ConfigError: There is no key to search, or one does not exist or changes nothing.
    """
    if not space:
        raise ConfigError(
            "The section 'search' is missing: name the keys to search, such as"
            " search: {fit.learning_rate: {low: 0.0001, high: 0.01, log: true}}."
        )
    known = dict(_leaves(config, ""))
    for key in space:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            also = f": did you mean {near[0]}?" if near else "."
            raise ConfigError(f"search.{key}: the configuration has no key {key}{also}")
        if key.split(".")[0] not in sections:
            raise ConfigError(
                f"search.{key}: the score of the stage {stage} depends on the sections"
                f" {', '.join(sections)} alone: remove the key, or give another --stage."
            )


def suggest(trial: Trial, space: Space) -> dict[str, Any]:
    """A value for each key."""
    return {key: _value(trial, key, one) for key, one in space.items()}


def with_values(config: Keys, values: dict[str, Any]) -> Keys:
    """A copy of `config` with values at dotted keys."""
    copy: Keys = {k: with_values(v, {}) if isinstance(v, dict) else v for k, v in config.items()}
    for key, value in values.items():
        *path, last = key.split(".")
        place = copy
        for name in path:
            place = place.setdefault(name, {})
        place[last] = value
    return copy


def corners(space: Space) -> list[dict[str, Any]]:
    """The ends of each range and each choice, one key at a time: all must be valid."""
    return [{key: value} for key, one in space.items() for value in (one.choices or one.ends)]


def _value(trial: Trial, key: str, one: SearchRange) -> Any:
    if one.choices is not None:
        return trial.suggest_categorical(key, list(one.choices))
    low, high = one.ends
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=one.log)
    return trial.suggest_float(key, float(low), float(high), log=one.log)


def _leaves(tree: Keys, before: str) -> Iterable[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield before + name, value
