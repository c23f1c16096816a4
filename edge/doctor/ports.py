"""Whether the addresses that the servers of a run would listen on are free, and who holds them."""

from __future__ import annotations

from pathlib import Path

from edge.config import Config
from edge.doctor.finding import Finding, State
from edge.errors import SinkError
from edge.web.address import Address, listen, parse_address

LISTENING = "0A"
"""The state in Linux' table of sockets."""


def check_ports(config: Config) -> Finding:
    """The dashboard's address, that of `serve`, and that of `--http` where it is set."""
    given = {"dashboard.address": config.dashboard.address, "serve.address": config.serve.address}
    if config.http.address is not None:
        given["http.address"] = config.http.address
    addresses = {key: parse_address(text, key) for key, text in given.items()}
    refused = {key: str(one) for key, one in addresses.items() if not _is_free(one, key)}
    facts = {"refused": sorted(refused)}
    if not refused:
        told = ", ".join(str(one) for one in addresses.values())
        return Finding("ports", "ok", f"{told}: free.", facts=facts)
    told = "; ".join(
        f"{key}: {text} cannot be used{_by(addresses[key].port)}" for key, text in refused.items()
    )
    advice = "End what uses it, or give another port: --set KEY=HOST:PORT."
    # The dashboard takes any other port when its default one is in use.
    state: State = "wrong" if "http.address" in refused else "note"
    return Finding("ports", state, f"{told}.", advice, facts)


def _is_free(address: Address, key: str) -> bool:
    try:
        listen(address, key).close()
    except SinkError:
        return False
    return True


def _by(port: int) -> str:
    """Which program listens on a port, where Linux lets this user know."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for columns in (line.split() for line in lines):
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{columns[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(one.readlink()) in sockets for one in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8").strip()
                return f": {name} listens there (process {process.name})"
        except OSError:  # another user's, or it has ended
            continue
    return ""
