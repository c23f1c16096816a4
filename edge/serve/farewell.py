"""The last words of the server to a client: why its session has ended."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.serve.messages import Refused

REASON_MAX_BYTES = 123
"""Of a close frame (RFC 6455, 5.5). The message before it has the whole sentence."""
FAREWELL_S = 1.0
"""A client that reads nothing gets no farewell."""


async def farewell(socket: WebSocket, why: Refused) -> None:
    """Send the sentence, and close with it; wait at most `FAREWELL_S`."""
    sentence = str(why)
    reason = sentence.encode()[:REASON_MAX_BYTES].decode(errors="ignore")

    async def say() -> None:
        await socket.send_text(json.dumps({"end": sentence, "code": why.code}))
        await socket.close(why.code, reason)

    with suppress(WebSocketDisconnect, RuntimeError, asyncio.TimeoutError):
        await asyncio.wait_for(say(), FAREWELL_S)
