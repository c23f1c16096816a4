"""The bound of one allocation of FFmpeg, in this process.

An RTSP camera may claim an answer of 2 GB and send it: FFmpeg takes the memory at once, and asks
nobody. Its library has a limit for that, which PyAV does not show.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import av  # noqa: F401  (loads the library)

MAX_ALLOCATION = 256 * 1024 * 1024
"""Bytes. A plane of 64 million pixels of four bytes, the largest that is decoded, takes as much."""


@cache
def bound_allocations() -> bool:
    """Let FFmpeg refuse a larger allocation. False where its library is not found: then the memory
    is not bounded. Any thread."""
    found = False
    for path in _libraries():
        with suppress(OSError, AttributeError):
            ctypes.CDLL(path).av_max_alloc(ctypes.c_size_t(MAX_ALLOCATION))
            found = True
    return found


def _libraries() -> list[str]:
    """Those that are loaded, PyAV's among them: another one has a limit of its own."""
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
        return sorted({line.split(maxsplit=5)[5] for line in lines if "libavutil" in line})
    with suppress(metadata.PackageNotFoundError):
        files = metadata.files("av") or []
        return [str(file.locate()) for file in files if "avutil" in file.name]
    return []
