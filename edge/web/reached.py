"""The address by which other machines reach a server of this one, also as a QR code."""

from __future__ import annotations

import io
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849): the way to them is the way out."""


def reached(url: str) -> str:
    """`url`; where its host stands for all addresses of this machine (0.0.0.0 or ::), with the one
    by which this machine leaves for other networks. Unchanged where there is none. Sends nothing.
    """
    parts = urlsplit(url)
    try:
        given = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return url
    host = _leaves_by(given.version) if given.is_unspecified else None
    if host is None:
        return url
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{netloc}:{parts.port}"))


def _leaves_by(version: int) -> str | None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((ELSEWHERE[family], 9))  # of UDP: only a route is chosen
            return str(probe.getsockname()[0])
    except OSError:
        return None


def qr_code(text: str) -> str:
    """`text` as a QR code of block characters, for a terminal; "" without the package segno."""
    try:
        import segno
    except ImportError:
        return ""
    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue()
