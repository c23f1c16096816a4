"""Where compiled plans are kept unless `engine.cache` names a folder."""

from __future__ import annotations

import os
from pathlib import Path

from edge.errors import EngineError


def default_folder() -> Path:
    """The user's own cache folder.

    Raises:
        EngineError: The user has no home folder.
    """
    root = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(root) if root else Path.home() / ".cache") / "cdat-edge" / "plans"
    except RuntimeError:  # a container's user without a name
        raise EngineError(
            "This user has no home folder for compiled plans: set XDG_CACHE_HOME to a folder."
        ) from None
