"""A load for a running `cdat-edge serve`: sessions that send the standard load in real time.

They connect as any client does, so the server may be on another host.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from edge.bench.served_pieces import FRAME_NS, Pieces
from edge.bench.served_session import Client, Span, close, listen, open_session, send
from edge.bench.statistics import Row, percentiles
from edge.errors import SourceError
from edge.types import NS_PER_MS, NS_PER_S

WARM_UP_S = 4.0
"""Not measured: the first windows fill."""


def measure_served(
    url: str,
    token: str | None,
    counts: Sequence[int],
    seconds: float,
    say: Callable[[str], None],
) -> list[Row]:
    """A row for each number of sessions, one measurement after the other.

    Args:
        url: of `/session`, ws:// or wss://.
        token: of the server, if it needs one.
        seconds: for which each number is measured, after a warm-up.

    Raises:
        SourceError: No session could be opened.
    """
    pieces = Pieces()
    rows = []
    for count in counts:
        say(f"{url}, sessions: {count}")
        row, clients = asyncio.run(_sessions(url, token, count, seconds, pieces))
        told = next((client.ended for client in clients if client.ended), None)
        if told and not any(client.ages_ms for client in clients):
            raise SourceError(f"No session of {url} gave a verdict: {told}")
        rows.append(row)
    return rows


async def _sessions(
    url: str, token: str | None, count: int, seconds: float, pieces: Pieces
) -> tuple[Row, list[Client]]:
    """All begin to send once all are open, each at another time within a picture's."""
    clients = [Client() for _ in range(count)]
    opened = await asyncio.gather(*(open_session(url, token, client) for client in clients))
    servers = [(server, one) for server, one in zip(opened, clients, strict=True) if server]
    now_ns, cpu_ns = time.monotonic_ns(), time.process_time_ns()
    warm_ns = now_ns + round(WARM_UP_S * NS_PER_S)
    span = Span(now_ns, warm_ns, warm_ns + round(seconds * NS_PER_S))
    async with asyncio.TaskGroup() as listeners:
        for server, client in servers:
            listeners.create_task(listen(server, client, span))
        async with asyncio.TaskGroup() as senders:
            for number, (server, client) in enumerate(servers):
                offset_ns = number * FRAME_NS // count
                senders.create_task(send(server, client, offset_ns, span, pieces))
        elapsed_s = (time.monotonic_ns() - now_ns) / NS_PER_S
        cpu_ms = (time.process_time_ns() - cpu_ns) / NS_PER_MS
        await asyncio.gather(*(close(server) for server, _ in servers))
    return _row(clients, seconds, elapsed_s, cpu_ms), clients


def _row(clients: Sequence[Client], seconds: float, elapsed_s: float, cpu_ms: float) -> Row:
    """Ages of the session with the oldest labels; all else over all sessions.

    Args:
        seconds: What was to be measured; a session that ended earlier gave no verdicts in the rest.
        elapsed_s: For which pieces were sent, with the warm-up.
        cpu_ms: Of this process in `elapsed_s`.
    """
    of_each = [percentiles(client.ages_ms) for client in clients]
    ages = [one for one in of_each if one is not None]
    measured_s = max(seconds, elapsed_s - WARM_UP_S)
    return {
        "sessions": len(clients),
        "answered": len(ages),
        "age_p50_ms": max((one["p50"] for one in ages), default=None),
        "age_p99_ms": max((one["p99"] for one in ages), default=None),
        "verdicts_per_s": min((one["count"] / measured_s for one in ages), default=0.0),
        "dropped": sum(sum(client.dropped.values()) for client in clients),
        "not_sent": sum(client.not_sent for client in clients),
        "sent_mb_per_s": sum(client.sent_bytes for client in clients) / elapsed_s / 1e6,
        "load_cpu_ms_per_s": cpu_ms / elapsed_s,
        "ended": sorted({client.ended for client in clients if client.ended}),
    }
