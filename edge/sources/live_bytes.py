"""Opens a network camera so that no packet of an HTTP stream takes more than `limits.MAX_BYTES`.

FFmpeg's readers collect a packet whole before they hand it over, and without a limit: a part of a
multipart stream ends where the next one begins, or has the length that it announces. So its HTTP
client hands over plain bytes, which are counted here, and its reader takes them from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import av
from av.container import InputContainer

from edge.errors import DeviceError
from edge.sources import limits

READ_BYTES = 32768
"""At most so many at once; what has arrived is handed over at once."""
HEADERS_BYTES = 4096
"""The headers of a part are not longer."""
REFERS = (b"#EXTM3U", b"<")
"""A list of other addresses begins so; FFmpeg must know the list's own to find them."""

JPEG = ("image/jpeg", "image/jpg", "image/pjpeg")
_KIND = re.compile(rb"^content-type:[ \t]*(image/[a-z0-9.+-]+)\s*[;\r\n]", re.I | re.M)


class LiveBytes:
    """The bytes of one connection, as the file that `av.open` reads. One thread.

    Whatever fails looks like the end to the reader, which would read on after an exception.
    `failed` says why.

    Args:
        container: The connection, opened with FFmpeg's format "data".
    """

    def __init__(self, container: InputContainer) -> None:
        self._packets = container.demux(container.streams[0])
        self._ahead = b""
        self._bytes = 0
        self.failed: Exception | None = None
        self.oversized = False
        """Whether more bytes have come for one packet than it may have."""

    def head(self) -> bytes:
        """The first bytes; they are read again."""
        self._ahead = self._ahead or self._next()
        return self._ahead

    def kind(self) -> str | None:
        """What the first part of a multipart stream says it is, such as "image/png"; None of
        another stream. The bytes are read again."""
        while self.head().lstrip().startswith(b"--"):
            if (found := _KIND.search(self._ahead)) is not None:
                return found[1].decode("ascii").lower()
            more = self._next() if len(self._ahead) < HEADERS_BYTES else b""
            if not more:
                break
            self._ahead += more
        return None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if self.oversized or self.failed is not None:
            return b""
        found = self._ahead or self._next()
        found, self._ahead = found[:size], found[size:]
        self._bytes += len(found)
        self.oversized = self._bytes > limits.MAX_BYTES
        return b"" if self.oversized else found

    def packet_came(self) -> None:
        """The reader has handed over a packet: what is read now belongs to the next."""
        self._bytes = 0

    def _next(self) -> bytes:
        try:
            packet = next(self._packets, None)
        except (av.FFmpegError, OSError) as error:
            self.failed = error
            packet = None
        return b"" if packet is None else bytes(packet)


@contextmanager
def open_bounded(
    url: str, shown: str, oversized: Callable[[], None], **how: Any
) -> Iterator[tuple[InputContainer, Callable[[Any], None]]]:
    """`av.open(url, **how)`, and what to call with each packet, or None at the end.

    An HTTP stream without a length is bounded. What has a length is a file: its reader may have to
    go back in it, and a packet has no more than the file. RTSP is not bounded.

    Args:
        shown: The URL for messages.
        oversized: Called when a packet is given up.

    Raises:
        DeviceError: A packet is too large, or the parts of a stream are no JPEGs.
        av.FFmpegError: As `av.open` and what it returns.
    """
    if url.lower().startswith(("http://", "https://")):
        pipe = how | {"format": "data"}
        pipe["options"] = how["options"] | {"raw_packet_size": str(READ_BYTES)}
        with av.open(url, **pipe) as connection:
            source = LiveBytes(connection)
            if (connection.size or 0) <= 0 and not source.head().lstrip().startswith(REFERS):
                if (kind := source.kind()) is not None and kind not in JPEG:
                    raise DeviceError(
                        f"Camera {shown} sends pictures of the kind {kind}, which are not taken in"
                        " a multipart stream: choose MJPEG (image/jpeg) or H.264 in its settings."
                    )
                with _reader(source, shown, oversized, how) as opened:
                    yield opened
                return
    with av.open(url, **how) as container:
        yield container, lambda packet: None


@contextmanager
def _reader(
    source: LiveBytes, shown: str, oversized: Callable[[], None], how: dict[str, Any]
) -> Iterator[tuple[InputContainer, Callable[[Any], None]]]:
    def look(packet: Any) -> None:
        if source.oversized:  # the packet is the first part of it
            oversized()
            mib = limits.MAX_BYTES // 2**20
            raise DeviceError(
                f"Camera {shown} sends a picture of more than {mib} MiB, or one without an end:"
                " check that the URL is a camera's."
            )
        if source.failed is not None and (packet is None or packet.size == 0):
            raise source.failed
        source.packet_came()

    try:
        with av.open(source, **how) as container:
            yield container, look
    except av.FFmpegError as error:
        if error is not source.failed:
            look(None)
        raise
