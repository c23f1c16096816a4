"""Pictures from a network camera: MJPEG over HTTP, RTSP, whatever FFmpeg reads."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.clock import Clock
from edge.errors import DeviceError
from edge.types import NS_PER_S, Frame

WAITED_NS = 2_000_000
"""A packet that came sooner was already waiting: reading one from the socket's buffer takes less
than 0.5 ms, and the next one of a 120 Hz camera is 8 ms away."""

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PASSWORD = re.compile(r"^([^:]*://[^:]*):(.*)@", re.DOTALL)


def is_url(device: int | str) -> bool:
    return isinstance(device, str) and bool(_URL.match(device))


def without_password(url: str) -> str:
    """The URL as messages may show it: without password, and without its query's values.

    A password may hold what should have been escaped ("@", "/", "?"), so rather too much is masked.
    """
    if not is_url(url):
        return url
    if (found := _PASSWORD.match(url)) is not None:
        if "?" in found[2]:  # of the password or of a query: where the host begins is unknown
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
    """Frames stamped when their last byte was here, before they are decoded.

    That is after exposure by what the camera takes to encode and send. Measured on loopback at
    30 Hz, of a picture that tells its own time: MJPEG 1 ms; MJPEG from a server that tells no
    Content-Length 34 ms, as a picture is known to be whole only when the next one begins; the same
    goes for H.264 over RTSP (35 ms), where time stamps tell the interval and it is subtracted.

    What had already been waiting when we came back for it is older than its stamp would say (such
    as all that came while the stream was probed), so it is passed over and counted as "backlog".
    PyAV rather than OpenCV's FFmpeg: as fast, the same limits, and it says why it failed.

    Raises:
        DeviceError: refused, timed out, no picture in it, or over.
    """
    shown = without_password(url)
    options = {"fflags": "nobuffer", "rtsp_transport": "tcp", "analyzeduration": "1000000"}
    index = 0
    try:
        with av.open(url, timeout=(timeout_s, timeout_s), options=options) as container:
            if not container.streams.video:
                raise DeviceError(f"Camera {shown} sends no picture: check the URL's path.")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # frame threads hold frames back
            alone = stream.codec_context.name == "mjpeg"
            packets = container.demux(stream)
            reformatter = VideoReformatter()
            previous: int | None = None
            while not stop.is_set():
                asked_ns = clock.now_ns()
                packet = next(packets, None)
                t_ns = clock.now_ns()
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
        if isinstance(error, av.error.ExitError):
            why = f"did not answer within {timeout_s:g} s"
        else:
            what = "went away" if index else "cannot be reached"
            why = f"{what} ({getattr(error, 'strerror', None) or error})"
        raise DeviceError(
            f"Camera {shown} {why}: check the URL, and that the camera is on."
        ) from error
    if not stop.is_set():
        raise DeviceError(f"Camera {shown} went away (it ended its stream): check that it is on.")


def _interval_ns(packet: Any, previous: int | None) -> int:
    """Time since the packet before, by the camera's own stamps; 0 where they make no sense."""
    if packet.pts is None or previous is None or packet.time_base is None:
        return 0
    interval_ns = int((packet.pts - previous) * packet.time_base * NS_PER_S)
    return interval_ns if 0 < interval_ns <= NS_PER_S // 5 else 0


def _decode(packet: Any, drops: Counter[str]) -> list[av.VideoFrame]:
    try:
        return [piece for piece in packet.decode() if isinstance(piece, av.VideoFrame)]
    except av.FFmpegError:
        drops["damaged"] += 1  # a picture torn on its way; the next one stands alone
        return []
