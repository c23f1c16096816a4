"""What the pages of the dashboard's process read: one writer, the thread that reads the pipe."""

from __future__ import annotations

import json
import os
import threading
from typing import IO, Any

from edge.dashboard import wire
from edge.dashboard.history import History


class Board:
    """The newest of everything. `version` and `picture_number` grow when something is new."""

    def __init__(self, hello: dict[str, Any]) -> None:
        self.about: dict[str, Any] = hello["about"]
        self.with_picture = bool(hello["picture"])
        self.history = History()
        self.drops: dict[str, int] = {}
        self.picture = b""
        self.picture_number = 0
        self.version = 0
        self.ended = False
        self.lock = threading.Lock()
        """Held while the history changes, and while it is read."""

    def take(self, kind: bytes, body: bytes) -> None:
        """One message of `edge.dashboard.wire`."""
        if kind == wire.STEPS:
            told = json.loads(body)
            with self.lock:
                for line in told["verdicts"]:
                    self.history.add(line)
                self.drops = told["drops"]
                self.version += 1
        elif kind == wire.PICTURE:
            self.picture = body
            self.picture_number += 1
        elif kind == wire.END:
            self.ended = True
            self.version += 1


class Watchers:
    """Tells the recogniser's side whether any page is open."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._open: set[str] = set()

    def came(self, page: str) -> None:
        """A page opened."""
        self._open.add(page)
        self._tell()

    def went(self, page: str) -> None:
        """A page closed."""
        self._open.discard(page)
        self._tell()

    def _tell(self) -> None:
        os.write(self._pipe.fileno(), b"1" if self._open else b"0")
