"""The recogniser's side: a writer that gives each verdict to the server's process."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec

from edge.errors import DOCTOR, SinkError
from edge.processes import start_module
from edge.recognition.verdict import Verdict, verdict_schema
from edge.web.address import Address, listen, parse_address, token_for
from edge.web.restarts import Restarts
from edge.web.tls import Tls

KEY = "http.address"
LEAVE_S = 0.6
"""The process has this time to end its connections. Less than `GRACE_S` of
`edge.sinks.output_thread`."""
KERNEL_BYTES = 2**15
"""What the kernel keeps for a connection that does not read: by default minutes of verdicts, which
a slow reader would then get late."""
NEEDED = ("uvicorn", "starlette", "websockets", "prometheus_client")


class HttpOutput:
    """Serves from a process of its own. One thread writes and closes; it may wait for the process.

    Args:
        address: HOST:PORT.
        token: What a request must send off loopback. None: a new one.
        step_s: Time between two verdicts of a healthy run.
        drops: The run's lost packets so far, by "what: cause".
        lost: Called with a cause and a number: verdicts that were lost here.
        note: Called with a sentence when the process ends before the run.
        tls: What encrypts the answers; None: plain HTTP.

    Raises:
        ConfigError: The address is not valid.
        SinkError: A package is missing, or the address cannot be listened on.
    """

    def __init__(
        self,
        address: str,
        token: str | None,
        step_s: float,
        drops: Callable[[], Counter[str]],
        lost: Callable[[str, int], None],
        note: Callable[[str], None],
        tls: Tls | None = None,
    ) -> None:
        if missing := [name for name in NEEDED if find_spec(name) is None]:
            raise SinkError(
                f"--http needs {missing[0]}: run `pip install 'cdat-edge[outputs-http]'`, or leave"
                f" out --http; {DOCTOR}."
            )
        self._drops, self._lost, self._note = drops, lost, note
        # Kept open for the next process: requests meanwhile wait instead of being refused.
        self._listener = listen(parse_address(address, KEY), KEY)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        host, port = self._listener.getsockname()[:2]
        where = Address(host, port)
        self.url = f"{'https' if tls else 'http'}://{where}"
        self.token = token_for(where, token)
        hello = {"host": host, "port": port, "token": self.token}
        hello |= {"step_s": step_s, "schema": verdict_schema()}
        hello["tls"] = tls.message() if tls else None
        self._hello = json.dumps(hello).encode() + b"\n"
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = Restarts()
        self._next_start_s: float | None = 0.0
        """None: it is not started again."""
        self._start()

    def write(self, verdict: Verdict) -> None:
        """Send one verdict. A process that has ended loses it, and is started again."""
        if self._process is None:
            if self._next_start_s is None or time.monotonic() < self._next_start_s:
                self._lost("the HTTP server is away", 1)
                return
            self._start()
        item = {"verdict": verdict.to_dict(), "drops": dict(self._drops())}
        try:
            self._put(json.dumps(item).encode() + b"\n")
        except OSError:
            self._lost("the HTTP server is away", 1)
            self._buried()

    def close(self) -> None:
        """End the connections and the process. Idempotent."""
        process, self._process = self._process, None
        self._listener.close()
        if process is None:
            return
        told = b""
        with suppress(subprocess.TimeoutExpired, OSError):
            told = process.communicate(timeout=LEAVE_S)[0]
        process.kill()
        process.wait()
        with suppress(ValueError, KeyError):
            if lost := int(json.loads(told)["lost"]):
                self._lost("a WebSocket is too slow", lost)

    def _start(self) -> None:
        self._restarts.begin()
        fd = self._listener.fileno()
        self._process = start_module("edge.sinks.http.server", str(fd), pass_fds=[fd])
        with suppress(OSError):  # it ends at once: the next write notices
            self._put(self._hello)

    def _put(self, line: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _buried(self) -> None:
        assert self._process is not None
        with suppress(OSError):
            self._process.communicate()
        self._process.kill()
        self._process.wait()
        self._process = None
        pause_s = self._restarts.end()
        if pause_s is None:
            self._listener.close()  # else clients would wait for an answer that never comes
            self._next_start_s, after = None, "it is not started again"
        else:
            self._next_start_s = time.monotonic() + pause_s
            after = f"it is started again in {pause_s:g} s"
        self._note(f"The HTTP server ended; {after}.")
