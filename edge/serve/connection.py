"""One client's WebSocket: what it sends goes to the session's thread, verdicts come back."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.recognition.verdict import Verdict
from edge.serve.farewell import farewell
from edge.serve.house import House
from edge.serve.inbox import Inbox
from edge.serve.limits import Presence, Rate, too_often
from edge.serve.messages import (
    DONE,
    LIMIT,
    TOO_BIG,
    Hello,
    Refused,
    check_finish,
    read_hello,
    read_piece,
)
from edge.serve.work import Work
from edge.sinks.http.audience import WAITING, Subscriber
from edge.web.pieces import PROTOCOL

LOOK_S = 0.1
ROOM_S = 0.005
"""How often a file that waits looks for room."""


async def attend(socket: WebSocket, house: House) -> None:
    """Serve one connection to its end."""
    await socket.accept()
    connection = Connection(socket, house)
    try:
        house.enter(connection, connection.end)
    except Refused as refused:
        house.metrics.refused.labels(refused.cause).inc()
        await farewell(socket, refused)
        return
    try:
        await connection.serve()
    finally:
        house.leave(connection)


class Connection:
    """A session from its hello to its farewell. Belongs to the event loop."""

    def __init__(self, socket: WebSocket, house: House) -> None:
        self._socket, self._house = socket, house
        self._serve = house.config.serve
        self._loop = asyncio.get_running_loop()
        self._outbox = Subscriber()
        self._end: Refused | None = None
        self._gone = False

    def end(self, why: Refused) -> None:
        """Say `why` after what waits, and close. Only the first call counts."""
        if self._end is None:
            self._end = why
            self._outbox.end()

    async def serve(self) -> None:
        """Until the client leaves, or either side has ended the session."""
        try:
            hello = await self._hello()
            if hello is not None:
                await self._session(hello)
        except Refused as refused:
            self.end(refused)
        if self._end is None or self._gone:
            return
        if self._end.code != DONE:
            self._house.metrics.refused.labels(self._end.cause).inc()
        await farewell(self._socket, self._end)

    async def _hello(self) -> Hello | None:
        """The first message; None: the client has left, or the server stops."""
        first = asyncio.create_task(self._socket.receive())
        stopped = asyncio.create_task(self._outbox.get())
        tasks = {first, stopped}
        try:
            await asyncio.wait(
                tasks, timeout=self._serve.idle_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not first.done():
                if self._end is None:
                    raise Refused(LIMIT, "idle", f"No hello came for {self._serve.idle_s:g} s.")
                return None
            message = first.result()
        finally:
            await _cancelled(tasks)
        if message["type"] == "websocket.disconnect":
            self._gone = True
            return None
        return read_hello(message.get("text"))

    async def _session(self, hello: Hello) -> None:
        house, inbox = self._house, Inbox(live=not hello.wait)
        presence = Presence(self._serve, hello, self._loop.time())
        ended = asyncio.Event()
        work: Work

        def ready(streams: list[str], words: bool) -> None:
            presence.begin(self._loop.time())
            self._put(self._ready(streams, words))

        def tell(verdict: Verdict) -> None:
            house.metrics.verdicts.inc()
            dropped = {**inbox.dropped, "verdicts": self._outbox.lost}
            told = {"verdict": verdict.to_dict(), "dropped": dropped, "notes": work.notes}
            self._put(told)

        def end(why: Refused) -> None:
            self.end(why)
            ended.set()

        work = Work(
            house.models,
            house.config,
            house.clock,
            hello,
            inbox,
            partial(self._soon, ready),
            partial(self._soon, tell),
            partial(self._soon, end),
        )
        work.start()
        tasks = {
            asyncio.create_task(one)
            for one in (self._send(), self._receive(hello, inbox, presence), _watch(presence))
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and (error := task.exception()) is not None:
                    if not isinstance(error, Refused):
                        raise error
                    self.end(error)  # before the work, which now ends, too, says why
        finally:
            inbox.stop()
            await _cancelled(tasks)
            await ended.wait()
            for stream, count in inbox.dropped.items():
                house.metrics.dropped.labels(stream).inc(count)
            house.metrics.dropped.labels("verdicts").inc(self._outbox.lost)

    async def _send(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # RuntimeError: closed while sending
            while (line := await self._outbox.get()) is not None:
                await self._socket.send_text(line)

    async def _receive(self, hello: Hello, inbox: Inbox, presence: Presence) -> None:
        rate = Rate(self._serve.messages_per_s, self._loop.time())
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            if (text := message.get("text")) is not None:
                check_finish(text)
                inbox.finish()
                continue
            data: bytes = message["bytes"]
            if len(data) > self._serve.message_max_bytes:
                raise Refused(
                    TOO_BIG,
                    "large message",
                    f"A message had {len(data)} bytes, and this server takes"
                    f" {self._serve.message_max_bytes} at most.",
                )
            early_s = rate.take(self._loop.time())
            if early_s and not hello.wait:
                raise too_often(self._serve)
            piece = read_piece(data, hello)
            if hello.wait:
                await asyncio.sleep(early_s)
                while inbox.is_full or self._outbox.waiting >= WAITING // 2:
                    presence.saw(piece.stream, self._loop.time())
                    await asyncio.sleep(ROOM_S)
            presence.saw(piece.stream, self._loop.time())
            inbox.put(piece)
        self._gone = True

    def _ready(self, streams: list[str], words: bool) -> dict[str, Any]:
        limits = self._serve.model_dump(exclude={"address", "token", "ray", "replicas"})
        return {"ready": PROTOCOL, "streams": streams, "words": words, "limits": limits}

    def _put(self, message: dict[str, Any]) -> None:
        self._outbox.put(json.dumps(message, ensure_ascii=False, allow_nan=False))

    def _soon(self, call: Any, *arguments: Any) -> None:
        """From the session's thread. Once the loop is closed, nobody listens."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)


async def _watch(presence: Presence) -> None:
    while True:
        presence.check(asyncio.get_running_loop().time())
        await asyncio.sleep(LOOK_S)


async def _cancelled(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
