"""Gives memory back to the system that a lost device has used.

Errors with their tracebacks keep a lost camera, its connection and its pictures in cycles, until
Python looks for such: every few hundred reconnects. And each reader of a camera is a new thread,
for which glibc takes an area of its own, and it keeps what was freed there. Together 9 MiB a
reconnect of a 1080p camera, 2 GiB after 200.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress


def give_back() -> None:
    """Do so; the second part where the C library is glibc. Milliseconds in a live run, whose older
    objects are frozen (`edge.scheduling`). Any thread."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
