"""The bound of one allocation of FFmpeg, in this process.

An RTSP camera may claim an answer of 2 GB and send it: FFmpeg takes the memory at once, and asks
nobody. Its library has a limit for that, which PyAV does not show.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from contextlib import suppress
from functools import cache
from importlib import metadata

MAX_ALLOCATION = 256 * 1024 * 1024
"""Bytes. A plane of 64 million pixels of four bytes, the largest that is decoded, takes as much."""


@cache
def bound_allocations() -> bool:
    """Let FFmpeg refuse a larger allocation. False where its library is not found: then the memory
    is not bounded. Any thread."""
    for path in _libraries():
        with suppress(OSError, AttributeError):
            ctypes.CDLL(path).av_max_alloc(ctypes.c_size_t(MAX_ALLOCATION))
            return True
    return False


def _libraries() -> list[str]:
    """The library within PyAV's wheel; for a PyAV of the system, that of the system."""
    with suppress(metadata.PackageNotFoundError):
        files = metadata.files("av") or []
        if found := [str(file.locate()) for file in files if "avutil" in file.name]:
            return found
    found_by_system = ctypes.util.find_library("avutil")
    return [found_by_system] if found_by_system else []
