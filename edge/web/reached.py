"""The address by which other machines reach a server of this one."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import replace

from edge.web.address import Address

ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation (RFC 5737, RFC 3849), which are behind the way out of any network."""


def reached(address: Address) -> Address:
    """`address`, or, where it stands for all addresses of this machine (0.0.0.0 or ::), the one by
    which this machine leaves for other networks. Unchanged where there is none. Sends nothing.
    """
    try:
        given = ipaddress.ip_address(address.host)
    except ValueError:
        return address
    if not given.is_unspecified:
        return address
    family = socket.AF_INET if given.version == 4 else socket.AF_INET6
    return replace(address, host=_leaves_by(family) or address.host)


def _leaves_by(family: socket.AddressFamily) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((ELSEWHERE[family], 9))  # of UDP: only a route is chosen
        except OSError:
            return None
        return str(probe.getsockname()[0])
