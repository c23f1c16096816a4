"""Which program listens on an address, where Linux lets this user know."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

from edge.web.address import Address

LISTENING = "0A"
"""The state in Linux' table of sockets."""
WORD_DIGITS = 8
"""The table has addresses in words of 32 bits, each in the processor's order of bytes."""


class Place(NamedTuple):
    """Where a socket listens; the unspecified address is every address of this machine."""

    ip: IPv4Address | IPv6Address
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> Place:
        """Of a numeric address; an IPv4 address in IPv6 form counts as IPv4."""
        ip = ip_address(host.partition("%")[0])
        return cls(getattr(ip, "ipv4_mapped", None) or ip, port)


def place_of(address: Address) -> Place | None:
    """Where a server with this address would listen; None if its name is unknown."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        return None
    return Place.of(str(found[0][4][0]), address.port)


def conflict(one: Place, other: Place) -> bool:
    """Whether two sockets cannot both listen. One on every IPv6 address takes IPv4's, too."""
    if one.port != other.port:
        return False
    pairs = ((one.ip, other.ip), (other.ip, one.ip))
    return one.ip == other.ip or any(a.is_unspecified and a.version >= b.version for a, b in pairs)


def holder(place: Place) -> str:
    """The program that keeps others from listening there, with its process; empty if unknown."""
    sockets = {f"socket:[{inode}]" for found, inode in _listening() if conflict(found, place)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(one.readlink()) in sockets for one in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8").strip()
                return f"{name} listens there (process {process.name})"
        except OSError:  # another user's, or it has ended
            continue
    return ""


def _listening() -> Iterator[tuple[Place, str]]:
    """Each socket that listens on this machine, with its inode."""
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for columns in (line.split() for line in lines):
            if columns[3] == LISTENING:
                host, _, port = columns[1].rpartition(":")
                yield Place.of(_numeric(host), int(port, 16)), columns[9]


def _numeric(digits: str) -> str:
    words = [digits[at : at + WORD_DIGITS] for at in range(0, len(digits), WORD_DIGITS)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    return str(ip_address(packed))
