"""The files of another run in the same process: new ones, so that none is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from edge.config import Config
from edge.sinks.sole import is_stream

FILES = (("output", "jsonl"), ("output", "save"), ("record", "folder"))
"""`output.log` is not among them: it is always appended to."""


def numbered(config: Config, number: int) -> Config:
    """`config` with other names for what this run writes: `out-2.jsonl`, for the second run.

    Where that exists, the next free number is taken. Standard output and named pipes stay.
    """
    for section, key in FILES:
        given = getattr(getattr(config, section), key)
        if given is None or given == "-" or _is_stream(given):
            continue
        changed = getattr(config, section).model_copy(update={key: _free(Path(given), number)})
        config = config.model_copy(update={section: changed})
    return config


def _free(path: Path, number: int) -> str:
    while os.path.lexists(named := path.with_name(f"{path.stem}-{number}{path.suffix}")):
        number += 1
    return str(named)


def _is_stream(path: str) -> bool:
    """Whether it exists and holds nothing, as a pipe, or leads to what is open, as /dev/stdout."""
    there = Path(path)
    return is_stream(path) or (there.exists() and not there.is_file() and not there.is_dir())
