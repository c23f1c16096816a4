"""A file that is slow or unsafe to open is converted once, to an .npz file in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from train.cache import Arrays, cache_folder, cached, digest

VERSION = 1
"""Raise it when a reader gives other arrays for the same file."""


def converted(
    files: Iterable[Path], reader: str, make: Callable[[], Arrays], *options: object
) -> Arrays:
    """The arrays of `make`, which is called once for each version of the files.

    Args:
        files: what `make` reads; their paths, sizes and times of change are the key.
        reader: names the format, and is a part of the name of the file in the cache.
        options: what else `make` depends on.
    """
    facts = [
        (str(path.resolve()), status.st_size, status.st_mtime_ns)
        for path in files
        for status in [path.stat()]
    ]
    return cached(cache_folder(), f"copy-{reader}", digest(VERSION, facts, *options), make)
