"""Access control of a server: local requests on loopback, or requests with the token elsewhere."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.web.address import is_loopback

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; base-uri 'self'"
)
"""Makes the browser refuse requests of the page to any other server."""


class Guard:
    """ASGI middleware for pages and sockets.

    Args:
        app: The application to protect.
        host: The listening address. On loopback the Host header of a request must be loopback, so
            that a web site whose name resolves to 127.0.0.1 is refused.
        port: Part of the cookie's name, because cookies are shared by all ports of a host.
        token: A page must send it once as `?token=`; after that a cookie is used. A program sends
            `Authorization: Bearer TOKEN` with each request.
        policy: The Content-Security-Policy of the answers.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, token: str | None, policy: str = POLICY
    ) -> None:
        self._app, self._policy = app, policy
        self._only_loopback = is_loopback(host)
        self._token = token
        self._cookie = f"cdat_edge_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if answer is None:
            await self._app(scope, receive, _hardened(send, self._policy))
        elif scope["type"] == "http":
            await answer(scope, receive, _hardened(send, self._policy))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer(self, scope: Scope) -> Response | None:
        """The response that replaces the page, or None to pass the request on."""
        headers = Headers(scope=scope)
        addressed = headers.get("host", "")
        if self._only_loopback and not is_loopback(_name(addressed)):
            return _refusal("This page is only served as 127.0.0.1 and localhost.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != addressed:
            return _refusal("This page does not accept requests from other sites.")
        if self._token is None:
            return None
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(credentials.strip()):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if self._is_token(given):
            if scope["type"] != "http":
                return None
            # Remove the token from the address bar and the browser history.
            entry = RedirectResponse(scope["path"], status_code=303)
            secure = scope["scheme"] == "https"
            entry.set_cookie(self._cookie, given, secure=secure, httponly=True, samesite="strict")
            return entry
        if self._is_token(_cookie(headers, self._cookie)):
            return None
        return _refusal("A token is required: open the address that the run printed.")

    def _is_token(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())


def _name(addressed: str) -> str | None:
    try:
        return urlsplit(f"//{addressed}").hostname
    except ValueError:  # unbalanced brackets
        return None


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _refusal(sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status_code=403)


def _hardened(send: Send, policy: str) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = policy
            headers["Referrer-Policy"] = "no-referrer"
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return with_headers
