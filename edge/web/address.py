"""The address that a server listens on: loopback, or another one with a token."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from dataclasses import dataclass

from edge.errors import DOCTOR, ConfigError, SinkError

BACKLOG = 64
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port. Port 0 is any free port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, key: str) -> Address:
    """Parse `HOST:PORT`, `[IPv6]:PORT`, or a port on this computer.

    Raises:
        ConfigError: Names `key` and the valid form.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        host = "127.0.0.1"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    # Not isdigit(): it accepts "²", which int() refuses.
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ConfigError(f"{key} must be HOST:PORT, such as 127.0.0.1:8766; got {text!r}.")
    return Address(host, int(port))


def is_loopback(host: str | None) -> bool:
    """Whether `host`, a name or an address, is this computer."""
    if host is None or host.lower() == "localhost":
        return host is not None
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def token_for(address: Address, configured: str | None) -> str | None:
    """What a request must send: nothing on loopback, else the configured token or a new one."""
    if address.is_loopback:
        return None
    return configured or secrets.token_urlsafe(TOKEN_BYTES)


def listen(address: Address, key: str) -> socket.socket:
    """Open a listening TCP socket. Connections made before the server runs wait for it.

    Raises:
        SinkError: The address is in use or does not belong to this computer; its cause is the
            system's own error.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SinkError(
            f"{key}: cannot listen on {address}: {reason}; give another port or address; {DOCTOR}."
        ) from error
    return listener
