"""Whether the addresses that the servers of a run would listen on are free, and who holds them."""

from __future__ import annotations

import errno
from contextlib import ExitStack, closing

from edge.config import Config
from edge.doctor.finding import Finding, State
from edge.doctor.listeners import Place, conflict, holder, place_of
from edge.errors import SinkError
from edge.web.address import Address, listen, parse_address

ANOTHER = "give another port: --set KEY=HOST:PORT"


def check_ports(config: Config) -> Finding:
    """The address of `--http` where it is set, the dashboard's, and that of `serve`."""
    given = {"dashboard.address": config.dashboard.address, "serve.address": config.serve.address}
    if config.http.address is not None:
        given = {"http.address": config.http.address} | given
    addresses = {key: parse_address(text, key) for key, text in given.items()}
    refused = _refused(addresses)
    facts = {"refused": sorted(refused)}
    if not refused:
        told = ", ".join(str(one) for one in addresses.values())
        return Finding("ports", "ok", f"{told}: free.", facts=facts)
    told = "; ".join(
        f"{key}: {addresses[key]} cannot be used: {why}" for key, (_, why) in refused.items()
    )
    in_use = any(number == errno.EADDRINUSE for number, _ in refused.values())
    advice = f"End what uses it, or {ANOTHER}." if in_use else f"{ANOTHER.capitalize()}."
    # The dashboard takes any other port when its default one is in use.
    state: State = "wrong" if "http.address" in refused else "note"
    return Finding("ports", state, f"{told}.", advice, facts)


def _refused(addresses: dict[str, Address]) -> dict[str, tuple[int | None, str]]:
    """The keys whose address cannot be used, each with the system's error number and the reason.

    All others stay open to the end, so that a second key with the same port is refused.
    """
    refused: dict[str, tuple[int | None, str]] = {}
    held: dict[str, Place] = {}
    with ExitStack() as opened:
        for key, address in addresses.items():
            try:
                listener = opened.enter_context(closing(listen(address, key)))
            except SinkError as error:
                cause = error.__cause__
                number = getattr(cause, "errno", None)
                refused[key] = number, getattr(cause, "strerror", None) or str(cause)
                if number == errno.EADDRINUSE and (place := place_of(address)) is not None:
                    ours = [other for other, one in held.items() if conflict(one, place)]
                    who = f"{ours[0]} has it, too" if ours else holder(place)
                    refused[key] = number, who or refused[key][1]
            else:
                host, port = listener.getsockname()[:2]
                held[key] = Place.of(host, port)
    return refused
