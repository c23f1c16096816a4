"""A load for a running `cdat-edge serve`: sessions that send the standard load in real time.

They speak the protocol of docs/serve.md, as any client does, so the server may be on another host.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from edge.bench.load import pictures_of
from edge.bench.statistics import Row, percentiles
from edge.demo.script import FPS, Phase, Script
from edge.errors import SourceError
from edge.sources.base import SAMPLE_RATE_HZ
from edge.types import NS_PER_MS, NS_PER_S
from edge.web.pieces import HEADER, PICTURE, PROTOCOL, SOUND

JPEG_QUALITY = 85
FRAME_NS = NS_PER_S // FPS
SOUND_SAMPLES = SAMPLE_RATE_HZ // FPS
VOICE_S = 12.0
"""Of the voice, which is said again and again."""
WARM_UP_S = 4.0
"""Not measured: the first windows fill."""
OPEN_S = 30.0
"""A server may have to load its networks before a session is ready."""


@dataclass
class Client:
    """What one session sent and got back after the warm-up."""

    ages_ms: list[float] = field(default_factory=list)
    """From the end of a window to its verdict's arrival here."""
    sent_bytes: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Pieces and verdicts that the server dropped, from the session's beginning."""
    ended: str | None = None
    """Why it ended before its time, or never began."""


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
    pieces = _Pieces()
    rows = []
    for count in counts:
        say(f"{url}, sessions: {count}")
        cpu_ns = time.process_time_ns()
        clients = asyncio.run(_sessions(url, token, count, seconds, pieces))
        cpu_ns = time.process_time_ns() - cpu_ns
        told = next((client.ended for client in clients if client.ended), None)
        if told and not any(client.ages_ms for client in clients):
            raise SourceError(f"No session of {url} gave a verdict: {told}")
        rows.append(_row(clients, seconds, cpu_ns / NS_PER_MS / (seconds + WARM_UP_S)))
    return rows


class _Pieces:
    """The standard load, encoded once for all sessions."""

    def __init__(self) -> None:
        script = Script(VOICE_S, phases=(Phase("all well", 1.0),))
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        loop = pictures_of(script)
        self._pictures = [cv2.imencode(".jpg", one, quality)[1].tobytes() for one in loop]
        voice = script.samples(0, round(VOICE_S * SAMPLE_RATE_HZ))
        samples = np.clip(voice * 32768, -32768, 32767).astype("<i2")
        self._sound = samples.reshape(-1, SOUND_SAMPLES)

    def at(self, number: int, t_ns: int) -> tuple[bytes, bytes]:
        """Picture `number`, taken at `t_ns`, and the sound that ends then."""
        picture = self._pictures[number % len(self._pictures)]
        sound = self._sound[number % len(self._sound)].tobytes()
        return (
            HEADER.pack(PICTURE, t_ns) + picture,
            HEADER.pack(SOUND, t_ns - FRAME_NS) + sound,
        )


async def _sessions(
    url: str, token: str | None, count: int, seconds: float, pieces: _Pieces
) -> list[Client]:
    """All begin to send once all are open, each at another time within a picture's."""
    clients = [Client() for _ in range(count)]
    servers = await asyncio.gather(*(_opened(url, token, client) for client in clients))
    now_ns = time.monotonic_ns()
    begins_ns = [now_ns + number * FRAME_NS // count for number in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for server, client, begin_ns in zip(servers, clients, begins_ns, strict=True):
            if server is not None:
                tasks.create_task(_played(server, client, begin_ns, seconds, pieces))
    return clients


async def _opened(url: str, token: str | None, client: Client) -> ClientConnection | None:
    """A session that is ready; None when there is none, and `client` knows why."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        server = await connect(url, additional_headers=headers, open_timeout=OPEN_S)
        await server.send(json.dumps({"protocol": PROTOCOL, "streams": ["vision", "audio"]}))
        answer = json.loads(await asyncio.wait_for(server.recv(), OPEN_S))
    except OSError as error:  # a time that is over is one, too
        client.ended = f"It cannot be reached ({error.strerror or 'no answer'})."
        return None
    except (ConnectionClosed, InvalidHandshake, InvalidURI, ValueError) as error:
        client.ended = f"It refused the connection ({error})."
        return None
    if "ready" in answer:
        return server
    client.ended = answer.get("end", "It answered with something else.")
    await server.close()
    return None


async def _played(
    server: ClientConnection, client: Client, begin_ns: int, seconds: float, pieces: _Pieces
) -> None:
    listener = asyncio.create_task(_listen(server, client, begin_ns))
    await _send(server, client, begin_ns, seconds, pieces)
    await server.close()
    await listener


async def _send(
    server: ClientConnection, client: Client, begin_ns: int, seconds: float, pieces: _Pieces
) -> None:
    """In real time. What is late is sent at once, with the time at which it was due."""
    with suppress(ConnectionClosed):
        for number in range(round((WARM_UP_S + seconds) * FPS)):
            due_ns = begin_ns + number * FRAME_NS
            if (wait_ns := due_ns - time.monotonic_ns()) > 0:
                await asyncio.sleep(wait_ns / NS_PER_S)
            for piece in pieces.at(number, due_ns):
                await server.send(piece)
                client.sent_bytes += len(piece)


async def _listen(server: ClientConnection, client: Client, begin_ns: int) -> None:
    with suppress(ConnectionClosed):
        async for line in server:
            now_ns = time.monotonic_ns()
            message = json.loads(line)
            if "verdict" in message:
                client.dropped = message["dropped"]
                if now_ns - begin_ns >= WARM_UP_S * NS_PER_S:
                    end_ns = message["verdict"]["span_ns"][1]
                    client.ages_ms.append((now_ns - end_ns) / NS_PER_MS)
            elif "end" in message:
                client.ended = message["end"]


def _row(clients: Sequence[Client], seconds: float, cpu_ms_per_s: float) -> Row:
    """Ages of the session with the oldest labels; all else over all sessions."""
    of_each = [percentiles(client.ages_ms) for client in clients]
    ages = [one for one in of_each if one is not None]
    return {
        "sessions": len(clients),
        "answered": len(ages),
        "age_p50_ms": max((one["p50"] for one in ages), default=None),
        "age_p99_ms": max((one["p99"] for one in ages), default=None),
        "verdicts_per_s": min((one["count"] / seconds for one in ages), default=0.0),
        "dropped": sum(sum(client.dropped.values()) for client in clients),
        "sent_mb_per_s": sum(c.sent_bytes for c in clients) / (WARM_UP_S + seconds) / 1e6,
        "load_cpu_ms_per_s": cpu_ms_per_s,
        "ended": sorted({client.ended for client in clients if client.ended}),
    }
