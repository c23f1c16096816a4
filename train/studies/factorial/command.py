"""Implementation of `cdat-train factorial`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.errors import ConfigError
from train import checkpoint
from train.corpora.corpus import Corpus
from train.fusion_config import ModelName
from train.models.fusion import MODELS
from train.stages.cdat_config import CdatConfig
from train.studies.factorial.cells import Budget, Factorial
from train.studies.factorial.contrasts import contrasts
from train.studies.factorial.page import page
from train.studies.factorial.plot import draw

log = logging.getLogger("train")


def factorial(
    config: CdatConfig,
    corpus: Corpus,
    models: Sequence[Any],
    shares: Sequence[float],
    seeds: int,
    limit: int | None,
    folder: Path,
) -> str:
    """Run what is missing, at most `limit` trainings; write results.json, table.md and gains.svg to
    `folder`, of the cells that are complete; return the page.

    Raises:
        ConfigError: An unknown model, a share outside 0 to 1, or a corpus that has no classes.
    """
    if unknown := [kind for kind in models if kind not in MODELS]:
        raise ConfigError(f"--models: '{unknown[0]}' is not one of {', '.join(MODELS)}.")
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ConfigError("--labels takes shares in %, above 0 and at most 100, by comma.")
    if corpus.task != "classes":
        raise ConfigError(
            f"{corpus.name} has {corpus.task}: the factorial compares right and wrong classes, so"
            " give the configuration of a corpus with classes."
        )
    budget, found = Budget(limit), {}
    for kind in models:
        own = config.model_copy(update={"model": config.model.model_copy(update={"kind": kind})})
        study = Factorial(own, corpus, shares, seeds, folder / kind)
        if not study.train(budget):
            log.info("%s: stopped at --limit; the same command continues from here", kind)
        targets, groups = study.test_part.targets.tolist(), study.test_part.groups.tolist()
        cells = study.test()
        found[kind] = {"cells": cells, "contrasts": contrasts(cells, targets, groups)}
    test = {"targets": targets, "groups": groups}
    result = {"corpus": corpus.name, "seeds": seeds, **_settings(config), "test": test}
    result["models"] = found
    checkpoint.write_json(folder / "results.json", result)
    text = page(result)
    (folder / "table.md").write_text(text, encoding="utf-8")
    draw(result, folder / "gains.svg")
    return text


def _settings(config: CdatConfig) -> dict[str, Any]:
    epochs = {"fit": config.fit.epochs, "transfer": config.transfer.epochs}
    kind = config.confide.kind
    return {"epochs": epochs, "origin": config.transfer.origin, "confidences": kind}


def model_names(text: str | None, default: ModelName) -> list[str]:
    """The models of `--models`."""
    return [one.strip() for one in (text or default).split(",") if one.strip()]


def label_shares(text: str) -> list[float]:
    """The shares of `--labels`, given in %. Raises: ConfigError: One is not a number."""
    try:
        return [float(one) / 100 for one in text.split(",") if one.strip()]
    except ValueError:
        raise ConfigError(
            f"--labels: '{text}' is not a list of numbers such as 5,25,100."
        ) from None
