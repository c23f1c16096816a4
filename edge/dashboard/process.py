"""The page's process, as the recogniser's process sees it: a pipe to it, and one back."""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress
from typing import Any

from edge.dashboard.back import Reports
from edge.processes import start_module


class PageProcess:
    """`edge.dashboard.server`, which answers what arrives at `listener`. It keeps its own copy of
    that socket, so another process can take over while visitors wait.

    One thread writes; `end` may come from another.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._process = start_module(
            "edge.dashboard.server", str(listener.fileno()), pass_fds=[listener.fileno()]
        )
        self.pid = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._reports = Reports(self._from)

    def put(self, message: bytes) -> None:
        """Send a message. Waits while the process does not read.

        Raises:
            OSError: The process has ended.
        """
        self._to.write(message)
        self._to.flush()

    def requests(self) -> list[dict[str, Any]]:
        """What pages have asked of the run since the last call; it also updates `watched`."""
        return self._reports.read()

    @property
    def watched(self) -> bool:
        """Whether a page is open, as `requests` found it last. Any thread."""
        return self._reports.watched

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end_input(self) -> None:
        """Let it end by itself: it does when there is nothing more to read."""
        self._to.close()

    def end(self, grace_s: float = 0.0) -> None:
        """Wait so long for its own end, then kill it. A thread in `put` gets an OSError."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self._process.kill()
        self._process.wait()

    def close_pipes(self) -> None:
        """After `end`, when no thread uses it any more."""
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()
