"""Bounds of one picture from outside: its pixels before they are allocated, bytes, and wholeness.

A JPEG of some megabytes may claim 16,000 x 16,000 pixels: gigabytes once decoded and converted.
FFmpeg compares the size in a picture's header with `max_pixels` and refuses before it allocates.
Whatever else is claimed, `allocation` bounds, for all of the process and before the first reader.
"""

from __future__ import annotations

from typing import Any

import av
from av.video.stream import VideoStream

from edge.sources.allocation import bound_allocations

MAX_PIXELS = 64_000_000
"""Of one picture: 8K video has 33 million, and large photos 50 million."""

MAX_BYTES = 32 * 1024 * 1024
"""Of one compressed picture."""

PNG_HEAD_BYTES = 24
"""Its signature, and the width and height that follow."""

OPENING = {"max_pixels": str(MAX_PIXELS)}
"""Options for `av.open`, which decodes some pictures to find out what the streams are."""

bound_allocations()


def bound_decoder(stream: VideoStream) -> None:
    """Give the limits to the stream's decoder. To be called before its first packet.

    A JPEG that is cut off is refused too: by default FFmpeg fills the rest with grey. Measured on
    66 forms of JPEG: all pass whole, also with odd headers, with bytes after their end or without
    the mark of their end, and none passes without its last hundredth.
    """
    options = {"max_pixels": str(MAX_PIXELS)}
    if stream.codec_context.name == "mjpeg":
        options["err_detect"] = "explode"
    stream.codec_context.options = options


def is_oversized(packet: Any) -> bool:
    """Whether a packet is not worth a decoder. (Raw pictures have only pixels; of the pixels of all
    but PNG the decoder tells, see `cause_of`.)"""
    codec = packet.stream.codec_context.name
    if codec == "png" and _png_pixels(packet) > MAX_PIXELS:
        return True
    return bool(packet.size > MAX_BYTES and codec != "rawvideo")


def cause_of(error: av.FFmpegError, packet: Any) -> str:
    """Why a packet was not decoded: "oversized" or "damaged"."""
    refused = isinstance(error, av.error.ArgumentError)  # what FFmpeg says of too many pixels
    return "oversized" if refused and isinstance(packet.stream, VideoStream) else "damaged"


def _png_pixels(packet: Any) -> int:
    """The pixels that a PNG states. Of too many FFmpeg says only that the picture is invalid."""
    head = bytes(packet)[:PNG_HEAD_BYTES]
    return int.from_bytes(head[16:20], "big") * int.from_bytes(head[20:24], "big")
