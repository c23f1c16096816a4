"""The configurations of `configs/`, which the package carries: a wheel has no source tree."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "configs"
"""The first part of a name that may be the package's."""


def packaged_folder() -> Path:
    """The folder of the package's configurations; in a source tree the tree's own."""
    edge = Path(__file__).resolve().parents[1]
    carried = edge / "assets" / FOLDER
    return carried if os.path.isdir(carried) else edge.parent / FOLDER


def config_file(path: Path) -> Path:
    """The file that `path` names: one on disk, else the package's of that name.

    `configs/edge/default.yaml` so works from any folder. Where there is neither, `path` itself, so
    that whoever opens it says that it is missing.
    """
    foreign = path.parts[:1] != (FOLDER,) or ".." in path.parts
    if foreign or os.path.exists(path):
        return path
    carried = packaged_folder().joinpath(*path.parts[1:])
    return carried if os.path.isfile(carried) else path
