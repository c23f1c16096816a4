"""The factorials of several runs as one family: every corpus, model, regime and measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.errors import DataError
from train import checkpoint
from train.studies.factorial.contrasts import contrasts, correct
from train.studies.factorial.together_page import page

ROUNDS = 40_000
"""Holm over N cells needs a p below 0.05 / N: 5,000 rounds could not show it for 125 cells."""


def put_together(runs: Sequence[Path], out: Path) -> str:
    """Read runs of `factorial`, correct over all of their cells, write factorial.md and
    factorial.json to `out`; return the page. Neither the corpora nor the weights are needed.

    Args:
        runs: each a results.json, or the run folder that holds it.

    Raises:
        DataError: A file is missing or is not of the factorial, or two hold the same cells.
    """
    if not runs:
        raise DataError("Give at least one run folder or results.json of `cdat-train factorial`.")
    found: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    came_from: dict[tuple[str, str, float, str], Path] = {}
    for path in map(_file, runs):
        result = _read(path)
        test = result["test"]
        for model, one in result["models"].items():
            if not one["cells"]:
                continue
            # Results of before there were kinds of confidences do not name one.
            key = result["corpus"], model, result["origin"], result.get("confidences", "tcp")
            if (other := came_from.setdefault(key, path)) != path:
                raise DataError(f"{path} and {other} both hold {model} on {key[0]}: give one.")
            name = model if not key[2] else f"{model}, origin {key[2]:g}"
            name = name if key[3] == "tcp" else f"{name}, {key[3]}"
            which = {"corpus": key[0], "model": name}
            own = contrasts(one["cells"], test["targets"], test["groups"], ROUNDS)
            found += [which | contrast for contrast in own]
            checks += [
                which | {k: v for k, v in cell.items() if k not in ("answers", "key")}
                for cell in one["cells"]
            ]
    correct(found)
    text = page(found, checks)
    checkpoint.write_json(out / "factorial.json", {"contrasts": found, "cells": checks})
    (out / "factorial.md").write_text(text, encoding="utf-8")
    return text


def _file(given: Path) -> Path:
    for one in (given / "factorial" / "results.json", given / "results.json"):
        if one.is_file():
            return one
    return given


def _read(path: Path) -> dict[str, Any]:
    result = checkpoint.read_json(path) if path.is_file() else None
    if result is None:
        raise DataError(f"{path} has no results.json of `cdat-train factorial`.")
    if missing := {"corpus", "models", "test", "origin"} - set(result):
        raise DataError(
            f"{path} lacks '{min(missing)}': run `cdat-train factorial` with the same options"
            " again, which trains nothing anew."
        )
    return result
