"""Reads one stream's packets, also from files in which FFmpeg finds another stream on the way.

A damaged MPEG-TS or FLV does that. PyAV 18 knows the streams that there were when it opened the
file; at the end it looks for the others too, and fails with an IndexError. By then it has passed on
everything of the streams that it knows, the request to flush the decoder included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from av.container import InputContainer


def demuxed(container: InputContainer, stream: Any, late: Callable[[], None]) -> Iterator[Any]:
    """Yield the packets of a stream. `late` is called if another stream turned up on the way."""
    try:
        yield from container.demux(stream)
    except IndexError:
        late()
