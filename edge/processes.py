"""Starts a Python process of this package, such as speech-to-text or the dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path

import edge

_STARTED: weakref.WeakSet[subprocess.Popen[bytes]] = weakref.WeakSet()


def start_module(
    module: str, *arguments: str, pass_fds: Sequence[int] = (), apart: bool = True
) -> subprocess.Popen[bytes]:
    """Run `python -m module` with pipes to its standard input and output.

    The process finds this package wherever it was imported from. Ctrl-C, which goes to the whole
    foreground group, does not reach it: it must end when its input ends.

    Args:
        apart: False leaves it in this process's session, so that Ctrl-C reaches it, too, and Linux
            shares the processor out among all of them as among the threads of one process.
    """
    home = str(Path(edge.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        pass_fds=pass_fds,
        start_new_session=apart,
    )
    _STARTED.add(process)
    return process


def end_all() -> None:
    """Kill those that still run. For the end of the program: one that hangs does not notice that
    its input has ended, and would be left behind."""
    for process in list(_STARTED):
        if process.poll() is None:
            process.kill()
