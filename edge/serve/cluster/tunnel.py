"""The bytes of one session between its client and its replica, in both directions, unchanged."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

OPEN_S = 3.0
"""A replica that does not take a connection within this time is lost."""
LOST_CODES = (None, 1006)
"""The connection ended without a close frame."""


class Lost(Exception):
    """The replica has gone, or does not answer."""


async def open_tunnel(address: str, token: str) -> ClientConnection:
    """Connect to the server of a replica.

    Raises:
        Lost: It cannot be reached within `OPEN_S`.
    """
    try:
        return await connect(
            f"ws://{address}/session",
            additional_headers={"Authorization": f"Bearer {token}"},
            open_timeout=OPEN_S,
            close_timeout=1,
            compression=None,  # JPEG does not become smaller
            max_size=None,  # both ends have limits
            ping_interval=None,  # a replica that makes a file wait does not read pings
            proxy=None,
        )
    except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError, asyncio.TimeoutError):
        raise Lost from None


async def carry(socket: WebSocket, far: ClientConnection, lost: asyncio.Event) -> None:
    """Pass messages on until either side closes; a side that does not read makes the other wait.

    Args:
        lost: Set when the replica is known to be gone.

    Raises:
        Lost: The replica ended without a word; the client's socket is still open.
    """
    tasks = [
        asyncio.create_task(one) for one in (_up(socket, far), _down(socket, far), lost.wait())
    ]
    up, down, gone = tasks
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and up.result():
            return  # the client has left
        if not gone.done():
            await asyncio.wait({down, gone}, return_when=asyncio.FIRST_COMPLETED)
        if down.done() and down.result():
            return  # it has left while the replica made it wait
        if gone.done() or far.close_code in LOST_CODES:
            raise Lost
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(far.close_code or 1000, far.close_reason)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if lost.is_set():
            far.transport.abort()  # nobody answers a close frame
        await far.close()


async def _up(socket: WebSocket, far: ClientConnection) -> bool:
    """Returns whether the client has left; False: the replica has closed."""
    with suppress(ConnectionClosed):
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            text = message.get("text")
            await far.send(message["bytes"] if text is None else text)
        return True
    return False


async def _down(socket: WebSocket, far: ClientConnection) -> bool:
    """Returns whether the client has left; False: the replica has closed."""
    with suppress(ConnectionClosed):
        async for message in far:
            try:
                await socket.send_text(str(message))
            except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed while sending
                return True
    return False
