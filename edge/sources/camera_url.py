"""Frames from a network camera: MJPEG over HTTP, RTSP, or anything else that FFmpeg reads."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.clock import Clock
from edge.errors import DeviceError
from edge.sources.demuxing import demuxed
from edge.sources.limits import OPENING, bound_decoder, cause_of, is_oversized
from edge.sources.live_bytes import open_bounded
from edge.types import NS_PER_S, Frame

WAITED_NS = 2_000_000
"""A packet that came sooner had been waiting: a read from the socket's buffer takes less than
0.5 ms, and the frames of a 120 Hz camera are 8 ms apart."""

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PASSWORD = re.compile(r"^([^:]*://[^:]*):(.*)@", re.DOTALL)


def is_url(device: int | str) -> bool:
    return isinstance(device, str) and bool(_URL.match(device))


def without_password(url: str) -> str:
    """The URL without its password and without the values of its query, for messages.

    A password may contain unescaped "@", "/" or "?", so rather too much is masked than too little.
    """
    if not is_url(url):
        return url
    if (found := _PASSWORD.match(url)) is not None:
        if "?" in found[2]:  # of the password or of a query: the start of the host is unknown
            return f"{found[1]}:***"
        url = f"{found[1]}:***@{url[found.end() :]}"
    head, mark, query = url.partition("?")
    return head + mark + "&".join(_without_value(part) for part in query.split("&"))


def _without_value(part: str) -> str:
    key, equals, _ = part.partition("=")
    return f"{key}=***" if equals else "***" if part else ""


def url_frames(
    url: str, clock: Clock, timeout_s: float, stop: threading.Event, drops: Counter[str]
) -> Iterator[Frame]:
    """Yield frames, stamped when their last byte arrived, before they are decoded.

    The stamp is later than the exposure by the camera's encoding and sending time. Measured on
    loopback at 30 Hz with frames that show their own time: MJPEG 1 ms; MJPEG without Content-Length
    34 ms, because a frame is known to be complete only when the next one begins. The same holds for
    H.264 over RTSP (35 ms), where the interval is known from the time stamps and is subtracted.

    A packet that was already waiting is older than its stamp would be (for example all packets that
    arrived while the stream was only probed). It is skipped and counted as "backlog". PyAV is used
    instead of OpenCV's FFmpeg: equally fast, the same limits, and it reports why it failed.

    A picture of more bytes or pixels than `limits` allows is not decoded. One of an HTTP stream is
    given up at that limit, and the connection with it (`live_bytes`); one over RTSP, and any other
    answer there, at the limit of an allocation (`allocation`).

    Raises:
        DeviceError: The connection was refused, timed out or ended, contains no video, or a picture
            without an end.
    """
    shown = without_password(url)
    options = {
        "fflags": "nobuffer",
        "rtsp_transport": "tcp",
        "analyzeduration": "1000000",
    } | OPENING

    def oversized() -> None:
        drops["oversized"] += 1

    index = 0
    asked_s = time.monotonic()
    try:
        with open_bounded(
            url,
            shown,
            oversized,
            metadata_errors="replace",
            timeout=(timeout_s, timeout_s),
            options=options,
        ) as (container, look):
            if not container.streams.video:
                raise DeviceError(f"Camera {shown} sends no video: check the path in its URL.")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise DeviceError(
                    f"Camera {shown} sends video of a kind that cannot be decoded: choose H.264 or"
                    " MJPEG in its settings."
                )
            stream.thread_type = "NONE"  # frame threads delay frames
            bound_decoder(stream)
            alone = stream.codec_context.name == "mjpeg"
            packets = demuxed(container, stream, late=lambda: None)
            reformatter = VideoReformatter()
            previous: int | None = None
            while not stop.is_set():
                asked_s, asked_ns = time.monotonic(), clock.now_ns()
                packet = next(packets, None)
                t_ns = clock.now_ns()
                look(packet)
                if packet is None or packet.size == 0:
                    break
                fresh = t_ns - asked_ns >= WAITED_NS
                if alone and not fresh:
                    drops["backlog"] += 1
                    index += 1
                    continue
                if not alone:
                    t_ns -= _interval_ns(packet, previous)
                    previous = packet.pts
                for picture in _decode(packet, drops):
                    if fresh:
                        converted = reformatter.reformat(picture, format="bgr24", threads=1)
                        bgr = np.asarray(converted.to_ndarray(), np.uint8)
                        yield Frame(t_ns, bgr, index)
                    else:
                        drops["backlog"] += 1
                    index += 1
    except (av.FFmpegError, OSError) as error:
        # An RTSP stream that is given up on may be told as invalid data.
        if isinstance(error, av.error.ExitError) or time.monotonic() - asked_s >= timeout_s:
            why = f"did not answer within {timeout_s:g} s"
        else:
            what = "was lost" if index else "cannot be reached"
            why = f"{what} ({getattr(error, 'strerror', None) or error})"
        raise DeviceError(
            f"Camera {shown} {why}: check the URL, and that the camera is on."
        ) from error
    if not stop.is_set():
        raise DeviceError(f"Camera {shown} was lost (it ended its stream): check that it is on.")


def _interval_ns(packet: Any, previous: int | None) -> int:
    """Time since the previous packet by the camera's stamps; 0 when they are not plausible."""
    if packet.pts is None or previous is None or packet.time_base is None:
        return 0
    interval_ns = int((packet.pts - previous) * packet.time_base * NS_PER_S)
    return interval_ns if 0 < interval_ns <= NS_PER_S // 5 else 0


def _decode(packet: Any, drops: Counter[str]) -> list[av.VideoFrame]:
    if is_oversized(packet):
        drops["oversized"] += 1
        return []
    try:
        pieces = [piece for piece in packet.decode() if isinstance(piece, av.VideoFrame)]
        if not pieces and packet.stream.codec_context.name == "mjpeg":
            drops["damaged"] += 1  # far too few bytes for its pixels: skipped without an error
        return pieces
    except av.FFmpegError as error:
        drops[cause_of(error, packet)] += 1  # the next frame is independent of it
        return []
