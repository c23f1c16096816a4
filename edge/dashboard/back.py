"""The way back, from the page's process to the run: a line of JSON for each report or request.

A line is shorter than what a pipe takes as one (4096 bytes), so lines of two threads never mix. The
run reads ten times a second; a pipe that is full means that it does not, and the line is lost.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

from edge.recognition.mark import plain_text

LINE_LIMIT = 4096
BUFFER_LIMIT = 2**16
"""What is read beyond it without a line's end is not a line."""
REQUESTS_A_SECOND = 5.0
"""Requests of all pages together, of every kind; a person is slower."""
Act = Callable[[Mapping[str, Any]], None]
"""Takes a request of the page, `{"act": NAME, ...}`; any thread; neither waits nor fails."""


class Back:
    """The page's end. The thread of the pages.

    A request is False if it was not taken: it is not allowed, pages ask too often, or the run does
    not read.
    """

    def __init__(self, pipe: IO[bytes], allowed: bool) -> None:
        self._fd = pipe.fileno()
        os.set_blocking(self._fd, False)
        self.allowed = allowed
        """Whether the run takes requests of pages (`dashboard.control`)."""
        self._open: set[str] = set()
        self._spent, self._since_s = 0.0, time.monotonic()

    def opened(self, page: str) -> None:
        """Record that a page was opened, and report whether any is open."""
        self._open.add(page)
        self._write({"watched": True})

    def closed(self, page: str) -> None:
        """Record that a page was closed, and report whether any is open."""
        self._open.discard(page)
        self._write({"watched": bool(self._open)})

    def mark(self, text: str) -> bool:
        """Ask for a mark now."""
        return self._ask({"act": "mark", "text": plain_text(text), "at_ns": time.monotonic_ns()})

    def stop(self) -> bool:
        """Ask for the end of the run."""
        return self._ask({"act": "stop"})

    def start(self, choice: Mapping[str, Any]) -> bool:
        """Ask for another run, with what `choice` changes."""
        return self._ask({"act": "start", "choice": dict(choice)})

    def look(self) -> bool:
        """Ask for what one may choose from."""
        return self._ask({"act": "look"})

    def change(self, key: str, value: Any) -> bool:
        """Ask for a setting of the present run."""
        return self._ask({"act": "change", "key": key, "value": value})

    def show_picture(self, shown: bool) -> bool:
        """Ask for the picture, or for none."""
        return self._ask({"act": "picture", "shown": shown})

    def _ask(self, request: Mapping[str, Any]) -> bool:
        now_s = time.monotonic()
        self._spent = max(0.0, self._spent - (now_s - self._since_s) * REQUESTS_A_SECOND)
        self._since_s = now_s
        if not self.allowed or self._spent > REQUESTS_A_SECOND - 1:
            return False
        self._spent += 1
        return self._write(request)

    def _write(self, line: Mapping[str, Any]) -> bool:
        text = json.dumps(line).encode() + b"\n"
        if len(text) > LINE_LIMIT:
            return False
        try:
            os.write(self._fd, text)
        except (BlockingIOError, BrokenPipeError):
            return False
        return True


class Reports:
    """The run's end: what `Back` has written. One thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._fd = pipe.fileno()
        os.set_blocking(self._fd, False)
        self._rest = b""
        self.watched = False
        """Whether any page is open, as read last. Any thread may read it."""

    def read(self) -> list[dict[str, Any]]:
        """The requests since the last call; what is not a report or a request is passed over."""
        requests = []
        for line in self._lines():
            try:
                report = json.loads(line)
            except ValueError:
                continue
            if not isinstance(report, dict):
                continue
            if "watched" in report:
                self.watched = report["watched"] is True
            elif isinstance(report.get("act"), str):
                requests.append(report)
        return requests

    def _lines(self) -> list[bytes]:
        try:
            arrived = os.read(self._fd, BUFFER_LIMIT)
        except (BlockingIOError, ValueError, OSError):
            arrived = b""
        *lines, rest = (self._rest + arrived).split(b"\n")
        self._rest = rest if len(rest) <= BUFFER_LIMIT else b""
        return lines
