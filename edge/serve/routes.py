"""The addresses: the page and its files, the WebSocket `/session`, `/healthz`, `/metrics`."""

from __future__ import annotations

from importlib import resources

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from edge.recognition.verdict import verdict_schema
from edge.serve.connection import attend
from edge.serve.house import House

FRESH = {"Cache-Control": "no-store"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; media-src 'self' blob:; frame-ancestors 'none'; form-action 'none';"
    " base-uri 'none'"
)
"""The page runs its own files alone, and can send to nobody but this server."""
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/answer.js": ("answer.js", "text/javascript"),
    "/people.js": ("people.js", "text/javascript"),
    "/capture.js": ("capture.js", "text/javascript"),
    "/sound.js": ("sound.js", "text/javascript"),
}


def application(house: House) -> Starlette:
    """The application, without access control."""

    async def healthz(request: Request) -> Response:
        status = "stopping" if house.stopping else "full" if house.is_full else "ok"
        answer = {
            "status": status,
            "sessions": house.size,
            "sessions_max": house.config.serve.sessions_max,
        }
        return JSONResponse(answer, 503 if house.stopping else 200, headers=FRESH)

    async def exposition(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        headers = {**FRESH, "Content-Type": content_type}
        return Response(encode(house.metrics.registry), headers=headers)

    async def session(socket: WebSocket) -> None:
        await attend(socket, house)

    return Starlette(
        routes=[
            *page_routes(),
            Route("/healthz", healthz),
            Route("/metrics", exposition),
            WebSocketRoute("/session", session),
        ]
    )


def page_routes() -> list[Route]:
    """The page, its files, and `/schema`."""

    async def schema(request: Request) -> Response:
        return JSONResponse(verdict_schema(), media_type="application/schema+json")

    files = [_file(path, name, kind) for path, (name, kind) in FILES.items()]
    return [*files, Route("/schema", schema)]


def _file(path: str, name: str, kind: str) -> Route:
    content = (resources.files("edge.serve") / "page" / name).read_bytes()

    async def give(request: Request) -> Response:
        return Response(content, media_type=kind, headers=FRESH)

    return Route(path, give)
