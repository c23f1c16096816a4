"""One session of the load for a running `cdat-edge serve`: what it sends, and what it is told.

It speaks the protocol of docs/serve.md, as any client does, and trusts no answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import BaseModel, TypeAdapter, ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from edge.bench.served_pieces import FRAME_NS, Pieces
from edge.types import NS_PER_MS, NS_PER_S
from edge.web.pieces import PROTOCOL

OPEN_S = 30.0
"""A server may have to load its networks before a session is ready."""
CLOSE_S = 1.0
"""A server that does not read what was sent does not see the end either."""
FOREIGN = "It is no `cdat-edge serve`, or one of another version: it sent something else"


class _Ready(BaseModel):
    ready: int


class _End(BaseModel):
    end: str


class _Window(BaseModel):
    span_ns: tuple[int, int]


class _Verdict(BaseModel):
    verdict: _Window
    dropped: dict[str, int]


_FIRST: TypeAdapter[_Ready | _End] = TypeAdapter(_Ready | _End)
_LATER: TypeAdapter[_Verdict | _End] = TypeAdapter(_Verdict | _End)


@dataclass(frozen=True)
class Span:
    """Of the monotonic clock, ns: when sending begins, when measuring begins, when both end."""

    begin_ns: int
    warm_ns: int
    end_ns: int


@dataclass
class Client:
    """What one session sent and got back."""

    ages_ms: list[float] = field(default_factory=list)
    """From the end of a window to its verdict's arrival here, of the windows that ended, and whose
    verdicts arrived, within the measured span."""
    sent_bytes: int = 0
    not_sent: int = 0
    """Pieces that were due but could not be sent in time, because the server read too slowly."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Pieces and verdicts that the server dropped, from the session's beginning."""
    ended: str | None = None
    """Why it ended before its time, or never began."""


async def open_session(url: str, token: str | None, client: Client) -> ClientConnection | None:
    """A session that is ready; None when there is none, and `client` knows why."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    server = None
    try:
        server = await connect(url, additional_headers=headers, open_timeout=OPEN_S)
        hello = json.dumps({"protocol": PROTOCOL, "streams": ["vision", "audio"]})
        with suppress(ConnectionClosed):  # what it said before it closed is read below
            await server.send(hello)
        line = await asyncio.wait_for(server.recv(), OPEN_S)
        answer = _FIRST.validate_json(line)
        if isinstance(answer, _Ready):
            return server
        client.ended = answer.end
    except ValidationError:
        client.ended = _foreign(line)
    except OSError as error:  # a time that is over is one, too
        client.ended = f"It cannot be reached ({error.strerror or 'no answer'})."
    except (ConnectionClosed, InvalidHandshake, InvalidURI, ValueError) as error:
        client.ended = f"It refused the connection ({error})."
    if server is not None:
        await close(server)
    return None


async def send(
    server: ClientConnection, client: Client, offset_ns: int, span: Span, pieces: Pieces
) -> None:
    """Send pictures and sound in real time until the end of `span`, and never longer.

    What is late is sent at once, with the time at which it was due. Nothing is due in the last
    picture's time, so that a piece is not missed by a millisecond.

    Args:
        offset_ns: of the first picture from the beginning of `span`.
    """
    due = range(span.begin_ns + offset_ns, span.end_ns - FRAME_NS, FRAME_NS)
    sent = 0
    try:
        async with asyncio.timeout((span.end_ns - time.monotonic_ns()) / NS_PER_S):
            for number, due_ns in enumerate(due):
                if (wait_ns := due_ns - time.monotonic_ns()) > 0:
                    await asyncio.sleep(wait_ns / NS_PER_S)
                for piece in pieces.at(number, due_ns):
                    await server.send(piece)
                    client.sent_bytes += len(piece)
                    sent += 1
            await asyncio.sleep((span.end_ns - time.monotonic_ns()) / NS_PER_S)
    except TimeoutError:
        client.not_sent = 2 * len(due) - sent
    except ConnectionClosed:
        pass  # `listen` notes why


async def listen(server: ClientConnection, client: Client, span: Span) -> None:
    """Note what the server tells, until the session ends."""
    with suppress(ConnectionClosed):
        async for line in server:
            now_ns = time.monotonic_ns()
            try:
                told = _LATER.validate_json(line)
            except ValidationError:
                client.ended = _foreign(line)
                await close(server)
                return
            if isinstance(told, _End):
                client.ended = told.end
                continue
            client.dropped = told.dropped
            window_end_ns = told.verdict.span_ns[1]
            if span.warm_ns <= window_end_ns <= now_ns < span.end_ns:
                client.ages_ms.append((now_ns - window_end_ns) / NS_PER_MS)
    if client.ended is None and time.monotonic_ns() < span.end_ns:
        client.ended = "It closed the connection without a reason."


async def close(server: ClientConnection) -> None:
    """End a session, for which the library alone would wait until all that was sent is read."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await server.close()
    except TimeoutError:
        server.transport.abort()


def _foreign(line: str | bytes) -> str:
    return f"{FOREIGN}, {line[:80]!r}."
