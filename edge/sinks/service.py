"""Tells systemd that a run works: `sd_notify`, datagrams to the socket in NOTIFY_SOCKET.

READY=1 with the first verdict, WATCHDOG=1 and STATUS with each, STOPPING=1 at the end. So a step
thread that hangs is noticed, and systemd starts the service again.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from edge.recognition.verdict import Verdict
from edge.types import NS_PER_S


class Service:
    """A sink that never waits and never fails. Without NOTIFY_SOCKET it does nothing."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._ready = False
        self._last_ns: int | None = None
        if address and hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def write(self, verdict: Verdict) -> None:
        """Say that the run lives, its label and its rate."""
        end_ns, last_ns = verdict.span_ns[1], self._last_ns
        self._last_ns = end_ns
        rate = ""
        if last_ns is not None and end_ns > last_ns:
            rate = f", {NS_PER_S / (end_ns - last_ns):.3g}/s"
        answer = "no label" if verdict.abstains else verdict.answer
        self.tell(f"{answer}{rate}")

    def tell(self, status: str) -> None:
        """Say that the process lives, and `status` to people."""
        ready, self._ready = "" if self._ready else "READY=1\n", True
        self._send(f"{ready}WATCHDOG=1\nSTATUS={status}")

    def close(self) -> None:
        """Say that the run ends. Idempotent."""
        self._send("STOPPING=1")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # full, or nobody listens any more: the run goes on
                self._socket.sendto(message.encode(), self._address)
