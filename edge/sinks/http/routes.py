"""The addresses: `/latest`, `/healthz`, `/metrics`, `/schema` and the WebSocket `/verdicts`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.sinks.http.audience import Audience, Subscriber
from edge.sinks.http.metrics import Metrics

SILENT_S = 5.0
"""A run that has said nothing for this long, and for four steps, is not healthy."""
STEPS = 4
FRESH = {"Cache-Control": "no-store"}
TRY_LATER = 1013
"""The WebSocket close code of a server that has too many connections."""


def application(
    audience: Audience, metrics: Metrics, step_s: float, schema: dict[str, Any]
) -> Starlette:
    """The application, without access control.

    Args:
        step_s: Time between two verdicts of a healthy run.
        schema: The JSON Schema of a verdict.
    """
    limit_s = max(SILENT_S, STEPS * step_s)

    async def latest(request: Request) -> Response:
        if audience.newest is None:
            return Response(status_code=204, headers=FRESH)
        person = request.query_params.get("person")
        if person == "all":
            return JSONResponse(audience.people.all(), headers=FRESH)
        if person is not None:
            found = audience.people.of(person)
            if found is None:
                told = {"error": "no such person is in the picture: /latest?person=all has all"}
                return JSONResponse(told, 404, headers=FRESH)
            return JSONResponse(found, headers=FRESH)
        return Response(audience.newest, media_type="application/json", headers=FRESH)

    async def healthz(request: Request) -> Response:
        silent_s = audience.silent_s
        status = "silent" if silent_s > limit_s else "ok" if audience.newest else "starting"
        answer = {"status": status, "silent_s": round(silent_s, 3)}
        return JSONResponse(answer, status_code=200 if status == "ok" else 503, headers=FRESH)

    async def exposition(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), headers={**FRESH, "Content-Type": content_type})

    async def published(request: Request) -> Response:
        return JSONResponse(schema, media_type="application/schema+json")

    async def verdicts(socket: WebSocket) -> None:
        if audience.is_full:
            await socket.close(TRY_LATER)
            return
        await socket.accept()
        subscriber = audience.join()
        try:
            await _until_either_ends(socket, subscriber)
        finally:
            audience.leave(subscriber)

    return Starlette(
        routes=[
            Route("/latest", latest),
            Route("/healthz", healthz),
            Route("/metrics", exposition),
            Route("/schema", published),
            WebSocketRoute("/verdicts", verdicts),
        ]
    )


async def _until_either_ends(socket: WebSocket, subscriber: Subscriber) -> None:
    """Nothing is expected from the other side but its end; a slow one holds the sending task."""
    tasks = [asyncio.create_task(_send(socket, subscriber)), asyncio.create_task(_listen(socket))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: WebSocket, subscriber: Subscriber) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # RuntimeError: closed while sending
        while (line := await subscriber.get()) is not None:
            await socket.send_text(line)
        await socket.close(reason="the run has ended")


async def _listen(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
