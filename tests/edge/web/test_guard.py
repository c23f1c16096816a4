"""Access control of the page."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.web.guard import Guard

TOKEN = "a-token-of-some-length"


def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("the page")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("the socket")
    await websocket.close()


def socket_of(guest: TestClient) -> str:
    return str(guest.base_url.copy_with(scheme="ws", path="/ws"))


def visitor(host: str, base: str, token: str | None = None) -> TestClient:
    inner = Starlette(routes=[Route("/", page), WebSocketRoute("/ws", socket)])
    return TestClient(Guard(inner, host, 80, token), base_url=base)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_requests_of_this_machine_are_accepted(name: str) -> None:
    guest = visitor("127.0.0.1", f"http://{name}")
    assert guest.get("/").text == "the page"
    with guest.websocket_connect(socket_of(guest)) as ws:
        assert ws.receive_text() == "the socket"


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7", "[::2]"])
def test_another_host_name_for_this_machine_is_refused(name: str) -> None:
    guest = visitor("127.0.0.1", f"http://{name}")
    assert guest.get("/").status_code == 403
    with pytest.raises(WebSocketDisconnect), guest.websocket_connect(socket_of(guest)):
        pass


def test_another_origin_gets_no_socket() -> None:
    guest = visitor("127.0.0.1", "http://127.0.0.1")
    evil = {"origin": "http://evil.example"}
    assert guest.get("/", headers=evil).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        guest.websocket_connect(socket_of(guest), headers=evil),
    ):
        pass
    own = {"origin": "http://127.0.0.1"}
    with guest.websocket_connect(socket_of(guest), headers=own) as ws:
        assert ws.receive_text() == "the socket"


def test_off_loopback_the_token_opens_once_and_a_cookie_from_then_on() -> None:
    guest = visitor("0.0.0.0", "http://192.168.0.7", TOKEN)
    assert guest.get("/").status_code == 403
    with pytest.raises(WebSocketDisconnect), guest.websocket_connect(socket_of(guest)):
        pass
    assert guest.get("/?token=wrong").status_code == 403
    entered = guest.get(f"/?token={TOKEN}")
    assert entered.text == "the page"
    assert TOKEN not in str(entered.url)  # nor in the history of the browser
    assert guest.get("/").text == "the page"
    with guest.websocket_connect(socket_of(guest)) as ws:
        assert ws.receive_text() == "the socket"


@pytest.mark.parametrize("given", ["", "%00", "\u00e9", f"{TOKEN}x", TOKEN[:-1]])
def test_another_token_is_refused(given: str) -> None:
    guest = visitor("0.0.0.0", "http://192.168.0.7", TOKEN)
    assert guest.get("/", params={"token": given}).status_code == 403
    cookie = b"cdat_edge_80=" + given.encode()
    assert guest.get("/", headers={"cookie": cookie}).status_code == 403


def test_the_headers_forbid_other_hosts() -> None:
    answer = visitor("127.0.0.1", "http://127.0.0.1").get("/")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["referrer-policy"] == "no-referrer"
