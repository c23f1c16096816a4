"""Cache of arrays that take minutes to compute: .npz files in runs/cache."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from train import hardware

Arrays = dict[str, NDArray[Any]]


def cache_folder() -> Path:
    """Folder of arrays that are kept between runs: CDAT_CACHE, or runs/cache."""
    return Path(os.environ.get("CDAT_CACHE", "runs/cache"))


def digest(*facts: object) -> str:
    """Twelve hex digits that change when any of the (JSON-able) facts does."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(path: Path) -> list[object]:
    """Identifies a version of a data file without reading it: name, size and modification time."""
    status = path.stat()
    return [path.name, status.st_size, int(status.st_mtime)]


def cached(folder: Path, name: str, key: str, make: Callable[[], Arrays]) -> Arrays:
    """The kept arrays of this name and key; otherwise those of `make`, which are then kept.

    They are written to a temporary file, which is then renamed, so a killed process leaves no
    partial file. A file that cannot be read is made again. Of several processes that train
    together, one makes the arrays and the others wait for its file."""
    path = folder / f"{name}-{key}.npz"
    if hardware.processes() > 1:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{path.name}.lock"):
            return _read_or_made(path, make)
    return _read_or_made(path, make)


def _read_or_made(path: Path, make: Callable[[], Arrays]) -> Arrays:
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as stored:
                return {k: stored[k] for k in stored.files}
        except (OSError, ValueError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    arrays = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    partial.replace(path)
    return arrays
