"""TensorRT's cache of measured times, in a file, so that the next build is short."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.errors import EngineError


def begin_timing_cache(config: Any, file: Path | None) -> Any:
    """The cache in use, to be held until the build ends; None: no times are kept.

    A cache of another GPU or release, or a damaged one, is begun anew.

    Raises:
        EngineError: The file cannot be written.
    """
    if file is None:
        return None
    _replace(file, None)  # told before the minutes of a build, not after
    known = b""
    with suppress(OSError):
        known = file.read_bytes()
    for content in (known, b""):
        cache = config.create_timing_cache(content)
        if cache is not None and config.set_timing_cache(cache, False):
            return cache
    return None


def keep_timing_cache(config: Any, file: Path) -> None:
    """Raises: EngineError, when the file cannot be written."""
    _replace(file, bytes(memoryview(config.get_timing_cache().serialize())))


def _replace(file: Path, content: bytes | None) -> None:
    """Write a file in one step; None: only try whether it could be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as work:
            new = Path(work) / file.name
            new.write_bytes(content or b"")
            if content is not None:
                new.replace(file)
    except OSError as error:
        raise EngineError(f"The timing cache {file} cannot be written: {error.strerror}.") from None
