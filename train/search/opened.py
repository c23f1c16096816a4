"""A search from a configuration, checked before the first trial."""

from __future__ import annotations

from pathlib import Path

import torch

from edge.errors import ConfigError
from train import hardware
from train.config import Hardware, SearchSection, validated_as
from train.search.scored_run import AlignedRun, OwnRun, ScoredRun
from train.search.search import Search
from train.search.space import Keys, check_space, corners, with_values


def open_search(
    keys: Keys, where: str, stage: str | None, folder: Path, data: Path | None
) -> Search:
    """Check a configuration with the section `search`.

    Args:
        keys: as read from the file, unchecked.
        where: its name in messages.
        stage: None for the last one.

    Raises:
        ConfigError: A key is wrong, or the configuration is of a kind that cannot be searched.
        DataError: The corpus cannot be read.
    """
    base = {key: value for key, value in keys.items() if key != "search"}
    space = validated_as(SearchSection, {"search": keys.get("search") or {}}, where).search
    run: ScoredRun
    if "corpus" in keys and "transfer" in keys:
        run = AlignedRun(base, data, where)
    elif "encoders" in keys:
        run = OwnRun(base, data, where, folder)
    else:
        raise ConfigError(
            f"{where} is of a kind that cannot be searched: give one with the key 'corpus', such as"
            " configs/train/cdat_mosi.yaml, or with 'encoders', such as configs/train/own.yaml."
        )
    last = list(run.stages)[-1] if stage is None else stage
    if last not in run.stages:
        raise ConfigError(f"--stage: '{last}' is not one of {', '.join(run.stages)}.")
    whole = run.check(base)
    names = list(run.stages)
    sections = [s for name in names[: names.index(last) + 1] for s in run.stages[name]]
    check_space(space, whole, sections, last)
    for values in corners(space):
        run.check(with_values(base, values))
    on = Hardware.model_validate(whole["hardware"])
    hardware.use(on.accelerator, on.devices, on.precision, on.timeout_s)
    torch.set_num_threads(whole["threads"])
    torch.use_deterministic_algorithms(True)
    return Search(run, base, space, last, int(whole["seed"]), folder)
