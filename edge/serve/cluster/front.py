"""What visitors reach: the page, and a WebSocket that is carried to the replica of its session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection

from edge.serve.cluster.exposition import Expositions
from edge.serve.cluster.places import Place, Places
from edge.serve.cluster.tunnel import Lost, carry, open_tunnel
from edge.serve.farewell import farewell
from edge.serve.messages import AGAIN, GOING_AWAY, TRY_LATER, Refused
from edge.serve.metrics import PREFIX
from edge.serve.routes import FRESH, page_routes


class Front:
    """The sessions of all replicas. Belongs to the event loop.

    Args:
        places: The replicas that run.
        token: What their servers ask for.
        stop_replicas: Requests the end of all sessions from all replicas; returns at once.
    """

    def __init__(self, places: Places, token: str, stop_replicas: Callable[[], None]) -> None:
        self._places, self._token = places, token
        self._stop_replicas = stop_replicas
        self.stopping = False
        self._open = 0
        self.registry = CollectorRegistry()
        self.registry.register(Expositions(places))
        self.refused = Counter(
            f"{PREFIX}_front_refused",
            "Sessions that no replica could take.",
            registry=self.registry,
        )
        self.lost = Counter(
            f"{PREFIX}_front_lost",
            "Sessions that ended because their replica was lost.",
            registry=self.registry,
        )

    @property
    def size(self) -> int:
        """Sessions that are open."""
        return self._open

    def stop(self) -> None:
        """End all sessions: their replicas say why. Let nobody in."""
        self.stopping = True
        self._stop_replicas()

    def health(self) -> dict[str, object]:
        """Of the whole cluster."""
        taken, room = self._places.taken, self._places.room
        replicas = len(self._places.all)
        status = "full" if taken >= room else "ok"
        if self.stopping or not replicas:
            status = "stopping" if self.stopping else "no_replica"
        return {"status": status, "sessions": taken, "sessions_max": room, "replicas": replicas}

    async def attend(self, socket: WebSocket) -> None:
        """Serve one connection to its end."""
        await socket.accept()
        self._open += 1
        try:
            await self._session(socket)
        except Refused as refused:
            await farewell(socket, refused)
        finally:
            self._open -= 1

    async def _session(self, socket: WebSocket) -> None:
        loop = asyncio.get_running_loop()
        silent: list[Place] = []
        while True:
            lost = asyncio.Event()
            end = partial(loop.call_soon_threadsafe, lost.set)
            place = self._place(end, silent)
            try:
                far = await open_tunnel(place.address, self._token)
            except Lost:
                # One connection says little of the other sessions: the keeper finds what is lost.
                silent.append(place)
            else:
                await self._carried(socket, far, lost, place)
                return
            finally:
                self._places.leave(place, end)

    async def _carried(
        self, socket: WebSocket, far: ClientConnection, lost: asyncio.Event, place: Place
    ) -> None:
        try:
            await carry(socket, far, lost)
        except Lost:
            self.lost.inc()
            raise _again() from None

    def _place(self, end: Callable[[], object], silent: list[Place]) -> Place:
        if self.stopping:
            raise Refused(GOING_AWAY, "server stops", "The server stops: the session has ended.")
        place = self._places.take(end, silent)
        if place is None:
            self.refused.inc()
            raise Refused(TRY_LATER, "no room", self._no_room(silent))
        return place

    def _no_room(self, silent: list[Place]) -> str:
        count, replicas = self._places.taken, len(self._places.all)
        if not replicas:
            return "No replica of this server runs now, and one is started: try again later."
        if silent:
            return "No replica of this server with room answers now: try again later."
        return (
            f"This server has {count} sessions on {replicas} replicas, as many as it takes: try"
            " again later."
        )


def application(front: Front) -> Starlette:
    """The application, without access control."""

    async def healthz(request: Request) -> Response:
        health = front.health()
        code = 503 if health["status"] in ("stopping", "no_replica") else 200
        return JSONResponse(health, code, headers=FRESH)

    async def exposition(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        headers = {**FRESH, "Content-Type": content_type}
        return Response(encode(front.registry), headers=headers)

    return Starlette(
        routes=[
            *page_routes(),
            Route("/healthz", healthz),
            Route("/metrics", exposition),
            WebSocketRoute("/session", front.attend),
        ]
    )


def _again() -> Refused:
    return Refused(
        AGAIN, "replica lost", "The process that served this session was lost: connect again."
    )
