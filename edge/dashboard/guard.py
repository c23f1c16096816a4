"""Who may see the page: this machine's own pages, and off loopback only who has the token."""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.dashboard.address import is_loopback

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; base-uri 'self'"
)
"""The browser itself keeps the page from asking anybody else for anything."""


class Guard:
    """ASGI middleware for pages and sockets alike.

    Args:
        app: What is guarded.
        host: The address that is listened on. On loopback a request must be addressed to loopback:
            a page of the web that has its name resolve to 127.0.0.1 is turned away.
        port: Names the cookie, as cookies know hosts but no ports.
        token: What a request must bring once as `?token=`; a cookie brings it from then on.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, token: str | None) -> None:
        self._app = app
        self._only_loopback = is_loopback(host)
        self._token = token
        self._cookie = f"cdat_edge_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if answer is None:
            await self._app(scope, receive, _hardened(send))
        elif scope["type"] == "http":
            await answer(scope, receive, _hardened(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer(self, scope: Scope) -> Response | None:
        """What to say instead of the page; None lets through."""
        headers = Headers(scope=scope)
        addressed = headers.get("host", "")
        if self._only_loopback and not is_loopback(_name(addressed)):
            return _refusal("This page answers under 127.0.0.1 and localhost alone.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != addressed:
            return _refusal("This page talks to itself alone, not to pages of other places.")
        if self._token is None:
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if self._is_token(given):
            if scope["type"] != "http":
                return None
            # The token is not left in the address, the history and other people's sight.
            entry = RedirectResponse(scope["path"], status_code=303)
            entry.set_cookie(self._cookie, given, httponly=True, samesite="strict")
            return entry
        if self._is_token(_cookie(headers, self._cookie)):
            return None
        return _refusal("A token is needed: open the address that the run printed.")

    def _is_token(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())


def _name(addressed: str) -> str | None:
    try:
        return urlsplit(f"//{addressed}").hostname
    except ValueError:  # brackets that do not belong together
        return None


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _refusal(sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status_code=403)


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["Referrer-Policy"] = "no-referrer"
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return with_headers
