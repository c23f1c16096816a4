"""The dashboard's process: `python -m edge.dashboard.server FD`, with messages on standard input.

It ends when its input ends, so it never outlives the run.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import IO

import uvicorn
from fastapi import FastAPI
from nicegui import app, ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from edge.dashboard import wire
from edge.dashboard.back import Back
from edge.dashboard.board import Board
from edge.dashboard.kept import Kept, as_table
from edge.dashboard.page import build
from edge.dashboard.scheme import COOKIE
from edge.errors import VerdictFileError
from edge.scheduling import lower_priority_of_process
from edge.web.address import is_loopback
from edge.web.guard import Guard
from edge.web.tls import uvicorn_options

NICE = 10
"""Pages wait for the recogniser, not vice versa."""
KINDS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
RECONNECT_S = 50.0
"""NiceGUI asks a page every 40 s (0.8 of it) for a sign of life, and gives it up after 20 s (0.4)
without one. With its own 3 s, a page that a busy computer stalled for 2 s was loaded again, and
what its user had opened was closed."""
GONE_S = 3.0
"""A page whose connection broke is forgotten so much later."""
FAREWELL_S = 0.4
"""Four ticks of the pages, so that they show the end of the run."""


def main() -> None:
    """Serve until standard input ends."""
    lower_priority_of_process(NICE)
    logging.basicConfig(level=logging.ERROR)
    pipe, listener = sys.stdin.buffer, socket.socket(fileno=int(sys.argv[1]))
    kind, body = next(wire.messages(pipe), (b"", b""))
    if kind != wire.HELLO:
        return
    hello = json.loads(body)
    board, back = Board(hello), Back(sys.stdout.buffer, bool(hello["control"]))
    threading.Thread(target=_read, args=(pipe, board), name="pipe", daemon=True).start()
    inner = FastAPI(openapi_url=None)
    _pages(board, back)
    ui.run_with(
        inner,
        title="cdat-edge",
        language="en-US",
        dark=None,  # follow the system's setting
        show_welcome_message=False,
        reconnect_timeout=RECONNECT_S,
        message_history_length=0,  # a page that was away reloads, so no messages are stored for it
        gzip_middleware_factory=None,
        storage_secret=None,
    )
    guarded = Guard(inner, hello["host"], hello["port"], hello["token"])
    tls = uvicorn_options(hello["tls"])
    config = uvicorn.Config(guarded, log_config=None, access_log=False, server_header=False, **tls)
    uvicorn.Server(config).run(sockets=[listener])


def _read(pipe: IO[bytes], board: Board) -> None:
    for kind, body in wire.messages(pipe):
        board.take(kind, body)
        if kind == wire.END:
            time.sleep(FAREWELL_S)
            break
    # There is nothing to save, and open sockets would delay an orderly shutdown.
    os._exit(0)


def _pages(board: Board, back: Back) -> None:
    app.on_connect(lambda client: back.opened(client.id))
    app.on_disconnect(lambda client: back.closed(client.id))

    @ui.page("/", reconnect_timeout=GONE_S)
    def index(request: Request) -> None:
        build(board, back, _is_here(request), request.cookies.get(COOKIE))

    @app.get("/verdicts.jsonl")
    def verdicts() -> Response:
        return _download(board, board.kept, "verdicts.jsonl", bytes)

    @app.get("/verdicts.csv")
    def table(person: int | None = None) -> Response:
        name = "verdicts.csv" if person is None else f"verdicts-person-{person}.csv"
        try:
            return _download(board, board.kept, name, partial(as_table, person=person))
        except VerdictFileError:
            absent = f"No verdict of person {person} is kept.\n"
            return PlainTextResponse(absent, status_code=404)

    @app.get("/former/verdicts.jsonl")
    def former_verdicts() -> Response:
        return _download(board, board.former, "former-verdicts.jsonl", bytes)

    @app.get("/former/verdicts.csv")
    def former_table() -> Response:
        return _download(board, board.former, "former-verdicts.csv", as_table)

    @app.get("/picture")
    def picture(request: Request, at_ns: int | None = None) -> Response:
        with board.lock:
            shown = board.picture if at_ns is None else board.album.picture(at_ns)
        if not board.with_picture or not _is_here(request) or not shown:
            return Response(status_code=404)
        headers = {"Cache-Control": "no-store"}
        return Response(shown, media_type="image/jpeg", headers=headers)


def _download(board: Board, kept: Kept, name: str, made: Callable[[bytes], bytes]) -> Response:
    with board.lock:
        lines = kept.jsonl()
    if not lines:
        return PlainTextResponse("There is no verdict yet.\n", status_code=404)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(made(lines), media_type=KINDS[name.rpartition(".")[2]], headers=headers)


def _is_here(request: Request) -> bool:
    """Whether the visitor is on this computer: the picture is sent to no other."""
    return request.client is not None and is_loopback(request.client.host)


if __name__ == "__main__":
    main()
