"""The server's process: `python -m edge.sinks.http.server FD`, with JSON lines on standard input.

The first line says how to serve, each other one holds a verdict and the run's drops. It ends when
its input ends, and its last words are one JSON object: what its subscribers lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

import uvicorn

from edge.scheduling import lower_priority_of_process
from edge.sinks.http.audience import Audience
from edge.sinks.http.metrics import Metrics
from edge.sinks.http.routes import application
from edge.web.guard import Guard
from edge.web.tls import uvicorn_options

NICE = 10
"""Readers wait for the recogniser, not vice versa."""
FAREWELL_S = 0.25
"""Connections have this time to take what waits and the end of the run."""
REQUEST_MAX_BYTES = 1024
"""Nothing is expected from a WebSocket's other side."""


def main() -> None:
    """Serve until standard input ends."""
    lower_priority_of_process(NICE)
    logging.basicConfig(level=logging.CRITICAL)
    hello = json.loads(sys.stdin.buffer.readline() or b"null")
    if hello is not None:
        asyncio.run(_serve(hello, socket.socket(fileno=int(sys.argv[1]))))


async def _serve(hello: dict[str, Any], listener: socket.socket) -> None:
    audience = Audience()
    metrics = Metrics(audience)
    inner = application(audience, metrics, hello["step_s"], hello["schema"])
    guarded = Guard(inner, hello["host"], hello["port"], hello["token"])
    config = uvicorn.Config(
        guarded,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=REQUEST_MAX_BYTES,
        ws_per_message_deflate=False,  # compression costs more than the bytes on a local network
        **uvicorn_options(hello["tls"]),
    )

    def take(line: bytes) -> None:
        item = json.loads(line)
        is_first = audience.take(item["verdict"])
        metrics.take(item["verdict"], item["drops"], is_first)

    def end() -> None:
        audience.end()
        asyncio.get_running_loop().call_later(FAREWELL_S, _leave, audience)

    loop = asyncio.get_running_loop()
    arguments = (sys.stdin.buffer, loop, take, end)
    threading.Thread(target=_read, args=arguments, name="pipe", daemon=True).start()
    await uvicorn.Server(config).serve(sockets=[listener])


def _read(
    pipe: IO[bytes],
    loop: asyncio.AbstractEventLoop,
    take: Callable[[bytes], None],
    end: Callable[[], None],
) -> None:
    for line in pipe:
        loop.call_soon_threadsafe(take, line)
    loop.call_soon_threadsafe(end)


def _leave(audience: Audience) -> None:
    # Connections that take nothing would delay an orderly shutdown.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), json.dumps({"lost": audience.lost}).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
