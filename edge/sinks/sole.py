"""An output file that has one writer: two runs would write over each other's lines."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL}


def is_stream(path: str) -> bool:
    """Whether it names what the process or the machine has, as /dev/stdout and /proc/self/fd/1:
    that may lead to a file, which somebody else has opened and named. /dev/shm holds files."""
    parts = Path(path).absolute().parts  # links are not followed
    return parts[1:2] in (("dev",), ("proc",)) and parts[1:3] != ("dev", "shm")


class HasWriter(Exception):
    """Another open file, of this or another process, is the writer."""


def open_alone(path: str) -> int:
    """Open for append and lock; create it if need be. The lock lasts until the file is closed, or
    the process ends. Devices and pipes are not locked, nor are files where locks do not exist.

    Raises:
        HasWriter: Another run writes to it.
        OSError: It cannot be opened.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    fd = os.open(path, flags, 0o644)
    try:
        _lock(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _lock(fd: int) -> None:
    if sys.platform == "win32" or not stat.S_ISREG(os.fstat(fd).st_mode):
        return
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HasWriter from None
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
