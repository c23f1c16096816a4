"""One clip that is being written: pictures as they come, beside the sound of a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from edge.errors import MediaError
from edge.types import NS_PER_MS

QUALITY = {"qscale": "2"}
"""Of MPEG-4, which every build of FFmpeg has: 2 is the best but one of 31."""


class ClipFile:
    """A Matroska file, which gets its name when it is complete. Any one thread.

    Args:
        path: The clip.
        sound: A file with sound, which is copied as 16-bit samples.

    Raises:
        MediaError: The sound cannot be read.
    """

    def __init__(self, path: Path, sound: Path) -> None:
        self._path, self._heard = path, _heard(sound)
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        self._container: Any = av.open(str(self._unfinished), "w", format="matroska")
        self._video: Any = None
        self._last_ms = -1

    def add(self, t_ns: int, picture: NDArray[np.uint8]) -> None:
        """A picture (height, width, 3), BGR, of time `t_ns` since the clip's begin. One of the same
        millisecond as the last is left out."""
        if self._video is None:
            self._begin(picture)
        t_ms = t_ns // NS_PER_MS
        if t_ms <= self._last_ms:
            return
        self._last_ms = t_ms
        even = picture[: self._video.height, : self._video.width]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="bgr24")
        frame.pts, frame.time_base = t_ms, Fraction(1, 1000)
        self._container.mux(self._video.encode(frame))

    def finish(self) -> None:
        """Write the rest, and give the file its name."""
        self._container.mux(self._video.encode(None))
        self._container.close()
        self._unfinished.replace(self._path)

    def discard(self) -> None:
        """Remove what is not complete."""
        self._container.close()
        self._unfinished.unlink(missing_ok=True)

    def _begin(self, picture: NDArray[np.uint8]) -> None:
        """Both streams, and the whole sound: the container puts it between the pictures."""
        height, width = picture.shape[:2]
        self._video = self._container.add_stream("mpeg4", rate=30, options=QUALITY)
        # The encoder halves the colours, so sizes are even.
        self._video.width, self._video.height = width // 2 * 2, height // 2 * 2
        self._video.pix_fmt = "yuv420p"
        self._video.time_base = self._video.codec_context.time_base = Fraction(1, 1000)
        first = self._heard[0]
        audio = self._container.add_stream("pcm_s16le", rate=first.sample_rate, layout=first.layout)
        for frame in [*self._heard, None]:
            self._container.mux(audio.encode(frame))


def _heard(sound: Path) -> list[av.AudioFrame]:
    """All of a file's sound; there is some."""
    try:
        with av.open(str(sound)) as source:
            frames = list(source.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        raise MediaError(f"{sound} cannot be read as sound ({error}).") from None
    if not frames:
        raise MediaError(f"{sound} has no sound.")
    return frames
