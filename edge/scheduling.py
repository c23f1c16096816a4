"""Steps come first: a label is due at its time, while a frame's work can wait a moment."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WORKERS_NICE = 5
"""How much less than the step thread a working thread weighs: about a third."""
SWITCH_S = 0.0005
"""How long a thread may hold the interpreter while the step thread waits; Python's 5 ms is longer
than a whole step takes."""


def lower_priority() -> None:
    """Let every other thread go before the calling one. Only Linux knows such a thing by thread;
    elsewhere, or where it is forbidden, nothing changes."""
    if sys.platform != "linux":
        return
    try:
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + WORKERS_NICE)
    except OSError:
        return


@contextmanager
def step_priority() -> Iterator[None]:
    """For a live run: threads change hands quickly, and what was made before it (models, modules)
    is not searched for garbage while it lasts."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before_s)
