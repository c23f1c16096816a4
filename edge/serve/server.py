"""The server: listens, and runs its event loop on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from importlib.util import find_spec
from typing import Protocol

import uvicorn
from starlette.types import ASGIApp

from edge.config import Config
from edge.errors import SinkError
from edge.serve.routes import POLICY
from edge.web.address import Address, listen, parse_address, token_for
from edge.web.guard import Guard
from edge.web.tls import Tls, uvicorn_options

KEY = "serve.address"
CEILING = 4
"""A message of so many times the limit is refused by the library, before all of it is here; a
smaller one by a sentence of ours."""
LOOK_S = 0.05
LEAVE_S = 5.0
"""For sessions that end with the server: a pass of a network, or the end of an utterance."""


class Sessions(Protocol):
    """The sessions of an application: a `House`, or a `Front` that others stand behind."""

    @property
    def size(self) -> int:
        """Sessions that are open."""

    def stop(self) -> None:
        """End all sessions, with a sentence; let nobody in."""


class Server:
    """Serves until it is stopped. `start`, `wait` and `close` from one thread, `stop` from any.

    Args:
        sessions: Ended when the server is stopped. Called on the server's event loop.
        application: Without access control.
        config: Where to listen, and the limits.
        tls: None: not encrypted.
        pings: Whether a client that answers no ping for 20 s is cut off.

    Attributes:
        url: Of the page; with the token where one is needed.
        token: What a client must send off loopback; None on loopback.

    Raises:
        ConfigError: The address is not valid.
        SinkError: It cannot be listened on.
    """

    def __init__(
        self,
        sessions: Sessions,
        application: ASGIApp,
        config: Config,
        tls: Tls | None,
        pings: bool = True,
    ) -> None:
        self._sessions, self._application = sessions, application
        self._config, self._tls, self._pings = config, tls, pings
        self._listener = listen(parse_address(config.serve.address, KEY), KEY)
        host, port = self._listener.getsockname()[:2]
        self.address = Address(host, port)
        self.token = token_for(self.address, config.serve.token)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{self.address}/" + (f"?token={self.token}" if self.token else "")
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Request the end of all sessions; returns at once."""
        self._stop.set()

    @property
    def serves(self) -> bool:
        """Whether it has started and not ended."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Until it is stopped. The calling thread stays open to signals.

        Raises:
            SinkError: It ended by itself.
        """
        while self._thread.is_alive():
            self._thread.join(LOOK_S)
        if self._error is not None:
            raise SinkError(f"The server ended: {self._error}.") from self._error

    def close(self) -> None:
        """Stop, and free the address. Idempotent."""
        self.stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # raised by `wait`
            self._error = error

    async def _serve(self) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        host, port = self.address.host, self.address.port
        guarded = Guard(self._application, host, port, self.token, POLICY)
        config = uvicorn.Config(
            guarded,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=CEILING * self._config.serve.message_max_bytes,
            ws_ping_interval=20.0 if self._pings else None,
            ws_per_message_deflate=False,  # JPEG does not become smaller
            timeout_graceful_shutdown=1,
            **uvicorn_options(self._tls.message() if self._tls else None),
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        while not self._stop.is_set() and not serving.done():
            await asyncio.sleep(LOOK_S)
        self._sessions.stop()
        left_s = LEAVE_S
        while self._sessions.size and left_s > 0:
            await asyncio.sleep(LOOK_S)
            left_s -= LOOK_S
        server.should_exit = True
        await serving


def missing_package() -> str | None:
    """A package that the server needs and that is not installed."""
    needed = ("uvicorn", "starlette", "websockets", "prometheus_client")
    return next((name for name in needed if find_spec(name) is None), None)
