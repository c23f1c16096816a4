"""The recogniser's side of the dashboard: a sink that keeps references, and a thread that sends."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from edge.config import DashboardConfig
from edge.dashboard import wire
from edge.dashboard.address import Address, listen, parse_address
from edge.dashboard.picture import jpeg
from edge.errors import SinkError, first_line
from edge.processes import start_module
from edge.recognition.verdict import Verdict
from edge.scheduling import lower_priority
from edge.types import Box, Frame

TICK_S = 0.1
"""The minimum time between two messages, for any step."""
INBOX = 1024
"""Queue size while the other process does not read: minutes. Then the oldest are dropped."""
LEAVE_S = 1.0
"""The other process has this time to show its pages the end of the run."""
TOKEN_BYTES = 24


class Dashboard:
    """Serves the page from a separate process. `write` on the step thread is a single append.

    Args:
        config: The address, and whether to show the picture.
        about: Plain JSON about the run, for the head of the page.
        newest_picture: The recogniser's newest frame; read only while a page is open.
        drops: Lost packets so far, by kind and cause.
        note: Called once if the page ends before the run.

    Raises:
        ConfigError: The address is not valid.
        SinkError: NiceGUI is not installed, or the address cannot be listened on.
    """

    def __init__(
        self,
        config: DashboardConfig,
        about: dict[str, Any],
        newest_picture: Callable[[], tuple[Frame, Box | None] | None],
        drops: Callable[[], Counter[str]],
        note: Callable[[str], None],
    ) -> None:
        if find_spec("nicegui") is None:
            raise SinkError(
                "The dashboard needs NiceGUI: run `pip install 'cdat-edge[dashboard]'`, or leave"
                " out --dashboard."
            )
        self._newest_picture, self._drops, self._note = newest_picture, drops, note
        self._with_picture = config.picture
        self._inbox: deque[Verdict] = deque(maxlen=INBOX)
        self._closing = threading.Event()
        self._watched, self._ended = False, False
        with _listener(config) as listener:
            host, port = listener.getsockname()[:2]
            address = Address(host, port)
            token = config.token
            if token is None and not address.is_loopback:
                token = secrets.token_urlsafe(TOKEN_BYTES)
            self.url = f"http://{address}/" + (f"?token={token}" if token else "")
            self._process = _start(listener)
        hello = {"about": about, "host": host, "port": port, "token": token}
        hello["picture"] = self._with_picture
        self._hello = wire.message(wire.HELLO, wire.as_json(hello))
        self._thread = threading.Thread(target=self._send, name="dashboard", daemon=True)
        self._thread.start()

    def write(self, verdict: Verdict) -> None:
        """Keep a reference. Never waits, never fails."""
        self._inbox.append(verdict)

    def close(self) -> None:
        """Notify the pages and end the process in under two seconds. Idempotent."""
        if self._ended:
            return
        self._ended = True
        self._closing.set()
        self._thread.join(LEAVE_S / 2)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVE_S)
        self._process.kill()
        self._process.wait()
        self._thread.join(LEAVE_S / 2)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _send(self) -> None:
        """The publishing thread, at low priority: it does all the expensive work."""
        lower_priority()
        shown: Frame | None = None
        try:
            self._put(self._hello)
            while not self._closing.wait(TICK_S):
                self._put_steps()
                newest = self._newest_picture() if self._is_watched() else None
                if newest is not None and newest[0] is not shown:
                    shown = newest[0]
                    self._put(wire.message(wire.PICTURE, jpeg(shown.bgr, newest[1])))
            self._put_steps()
            self._put(wire.message(wire.END, b""))
            assert self._process.stdin is not None
            self._process.stdin.close()
        except OSError:  # the other process has ended; the run continues without it
            if not self._closing.is_set():
                self._note("The dashboard's process has ended: the run continues without its page.")
        except Exception as error:  # a picture that cannot be sent: recognition does not suffer
            self._note(f"The dashboard failed, and the run continues: {first_line(error)}")

    def _put_steps(self) -> None:
        verdicts = [self._inbox.popleft() for _ in range(len(self._inbox))]
        if verdicts:
            self._put(wire.steps(verdicts, self._drops()))

    def _is_watched(self) -> bool:
        """Whether a page is open: the process writes 1 or 0 at each change."""
        assert self._process.stdout is not None
        with suppress(BlockingIOError):
            if report := os.read(self._process.stdout.fileno(), 4096):
                self._watched = report.endswith(b"1")
        return self._watched and self._with_picture

    def _put(self, message: bytes) -> None:
        """Send a message. This waits while the other process does not read, on this thread only."""
        assert self._process.stdin is not None
        self._process.stdin.write(message)
        self._process.stdin.flush()


def _listener(config: DashboardConfig) -> socket.socket:
    """Listen on the configured address; by default on any free port if the usual one is in use."""
    address = parse_address(config.address, "dashboard.address")
    try:
        return listen(address, "dashboard.address")
    except SinkError:
        if "address" in config.model_fields_set:
            raise
        return listen(Address(address.host, 0), "dashboard.address")


def _start(listener: socket.socket) -> subprocess.Popen[bytes]:
    process = start_module(
        "edge.dashboard.server", str(listener.fileno()), pass_fds=[listener.fileno()]
    )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return process
